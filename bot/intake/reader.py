"""Message to reading: the one way in. Pure: bytes and times go in, a :class:`bot.model.Reading` comes out."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date
from zoneinfo import ZoneInfo

from bot.errors import Unreadable
from bot.intake.accounting import Facts, doubts
from bot.intake.arrival import entered_at, written_here
from bot.intake.assemble import Frame, with_doubt
from bot.intake.authentication_results import HEADER, verify_sender
from bot.intake.dropped import believed, profile_of
from bot.intake.fields import REMARKS, Answer
from bot.intake.form_reader import FormReader, Rows, Written
from bot.intake.free_text import only_employee_no
from bot.intake.from_header import doubt
from bot.intake.ignore import automatic_doubt, ignored_without_application, never_read, seems_automatic
from bot.intake.letter import Letter, harmless_attachment, letter_passages, open_letter
from bot.intake.returned import find_returned
from bot.intake.sheets import open_sheets
from bot.intake.sources import Place, Source, agreeing, together
from bot.intake.subjects import explain
from bot.intake.titles import is_of_another_time, is_plain
from bot.model import Application, Doubt, Explained, Identity, Message, Passage, Reading, ReadOutcome
from bot.settings.forms import FormProfile, FormsSettings
from bot.text import normalise

_TABLES = (".csv", ".tsv", ".xlsx", ".xlsm", ".xls")
_DIRECTIONS = re.compile("[\u202a-\u202e\u2066-\u2069]")
#: What programs name their exports with.
_ASCII = re.compile(r"[\x00-\x7f]+")
_FREE_TEXT = Doubt(
    field="body", read="", text="自由文の申請です。元のメールを読んで確かめてください",
    text_en="an application in free text: read the mail itself",
)  # fmt: skip
_NO_RECEIPT = Doubt(
    field="received_at", read="", text="受信日時が分からないメールです。いつ届いたかを確かめてください",
    text_en="no server says when this mail came: find out when it arrived",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class _Said:
    """What a letter says: its applications, and everything in it with what explains it."""

    applications: tuple[Application, ...] = ()
    passages: tuple[Passage, ...] = ()


_NOTHING = _Said()


class Reader:
    """Reads messages by the forms of the settings."""

    def __init__(self, forms: FormsSettings, *, zone: ZoneInfo, own_address: str) -> None:
        self._forms = forms
        self._zone = zone
        self._own_address = own_address
        self._known = [FormReader(forms, profile) for profile in forms.known]
        self._dropped = FormReader(forms, forms.dropped)
        self._general = FormReader(forms, None)

    def read(self, message: Message) -> Reading:
        """Return what the message holds; never raises for what is in it but ``MemoryError``.

        ``unreadable`` and ``ignored`` come with their reason in Japanese and English. Where no server says when it came,
        each application is doubted: a person judges whether it is in time.
        """
        reading = _unfetched(message, self._forms) if message.unfetched else self._read(message)
        return reading if message.receipt_known else _without_receipt(reading)

    def _read(self, message: Message) -> Reading:
        try:
            if message.cut:
                raise Unreadable("大きすぎるため読み込みませんでした / it is larger than mailbox.max_message_mb")
            if message.name.lower().endswith(_TABLES):
                return self._read_table(message)
            return self._read_letter(message)
        except Unreadable as error:
            return Reading.of_undecoded(message, error.reason)
        except MemoryError:
            raise  # no fault of one message alone: whoever limits the memory decides
        except Exception as error:  # noqa: BLE001 - whatever a hostile mail provokes, it must be kept and shown, not stop the rest
            return Reading.of_undecoded(
                message, f"読み取り中に予期しない誤り（{type(error).__name__}） / an unexpected error while reading"
            )

    def _read_table(self, message: Message) -> Reading:
        received = message.received_at.astimezone(self._zone)
        sheets = open_sheets(message.content, name=message.name, settings=self._forms)
        known = profile_of(sheets, self._forms)
        form = next((form for form in self._known if form.profile is known), self._dropped)
        profile = believed(known, brought_by=message.brought_by) if known else self._forms.dropped
        frame = Frame(form=profile, subject="", received_at=received, zone=self._zone)
        rows = form.sheets(sheets, name=message.name, frame=frame)
        named = _file_name(message.name, self._forms, profile, rows.applications, received.date())
        unexplained = tuple(doubts([named]))
        applications = tuple(replace(one, doubts=(*one.doubts, *unexplained)) for one in rows.applications)
        identity = Identity(
            message_id=f"{Identity.DROPPED}{message.name}", received_at=message.received_at,
            digest=hashlib.sha256(message.content).hexdigest(),
        )  # fmt: skip
        return Reading(
            outcome=ReadOutcome.APPLICATIONS, identity=identity, subject=message.name, applications=applications,
            passages=(named, *rows.passages),
        )  # fmt: skip

    def _read_letter(self, message: Message) -> Reading:
        letter = open_letter(message, self._forms)
        message_id = letter.headers.get("message-id", "")
        if message_id.startswith((Identity.DROPPED, Identity.RAW)):
            message_id = f"<{message_id}>"  # whoever wrote the mail wrote that too: it is no dropped file for it
        identity = Identity(message_id=message_id, received_at=message.received_at, digest=letter.digest)
        if reason := never_read(letter, self._own_address):
            return self._ignored(letter, identity, message, reason)
        automatic = seems_automatic(letter, self._forms, self._own_address)
        if automatic and self._names_a_notice(letter, message):
            return self._ignored(letter, identity, message, automatic)
        try:
            said = self._said(letter, message)
            if not said.applications and letter.hidden:
                said = self._said(_with_hidden(letter), message)
        except Unreadable as error:
            return self._reading(letter, identity, ReadOutcome.UNREADABLE, reason=error.reason)
        if not said.applications:
            text = letter.text or letter.html_text
            number = only_employee_no(text) if not automatic else None
            reason = automatic or ignored_without_application(letter)
            if reason and (number is None or "職員" not in text):
                return self._ignored(letter, identity, message, reason)
            said = replace(said, applications=(self._free_text(letter, number, message),) if number else ())
        if said.applications:
            return self._reading(letter, identity, ReadOutcome.APPLICATIONS, said=_doubted(said, automatic, letter))
        unread = "申請の項目が見つかりません / no field of an application was found"
        read = self._reading(letter, identity, ReadOutcome.UNREADABLE, reason=unread, said=said)
        returned = find_returned(letter, message.content, authentic=read.authentic)
        return replace(read, returned=returned) if returned and returned.notices else read

    def _names_a_notice(self, letter: Letter, message: Message) -> bool:
        """Tell whether it reports that a notice of ours did not arrive: what it repeats of that is no application."""
        returned = find_returned(letter, message.content, authentic=None)
        return returned is not None and bool(returned.notices)

    def _ignored(self, letter: Letter, identity: Identity, message: Message, reason: str) -> Reading:
        """Return the reading of a mail that is passed over, with what it reports."""
        read = self._reading(letter, identity, ReadOutcome.IGNORED, reason=reason)
        return replace(read, returned=find_returned(letter, message.content, authentic=read.authentic))

    def _said(self, letter: Letter, message: Message) -> _Said:
        """Return what is said in every place of the letter, each application once; see :mod:`bot.intake.sources`."""
        form = self._form_of(letter.sender, letter.subject)
        frame = self._frame(message, form, subject=letter.subject)
        files = [form.table(item.content, name=item.name, frame=frame) for item in letter.attachments if item.is_table]
        texts = [form.text(text, part=part, frame=frame) for part, text in _parts(letter)]
        applications = self._together(texts, files)
        facts = Facts.of(applications)
        received_on = frame.received_at.date()
        beside = [
            *letter_passages(letter),
            *(
                explain(subject, self._forms, form.profile, applications, received_on)
                for subject in (letter.subject, *letter.subjects_within)
            ),
            *_attached(letter),
            *(passage for part, text in _parts(letter) for passage in _turned(part, text)),
            *(
                _file_name(item.name, self._forms, form.profile, applications, received_on)
                for item in letter.attachments
                if item.is_table
            ),
            *(passage for text in texts for passage in form.accounting.explain(text.answers, facts, part=text.part)),
        ]
        unexplained = tuple(doubts(beside))
        rows = [passage for found in (*(text.rows for text in texts), *files) for passage in found.passages]
        return _Said(
            applications=tuple(replace(one, doubts=(*one.doubts, *unexplained)) for one in applications),
            passages=(*beside, *rows),
        )

    def _together(self, texts: Sequence[Written], files: Sequence[Rows]) -> tuple[Application, ...]:
        tables = [Source(place=Place.FILE, applications=rows.applications) for rows in files]
        tables += [
            Source(place=Place.TABLE, applications=text.rows.applications) for text in texts if text.rows.applications
        ]
        if sum(len(table.applications) for table in tables) > self._forms.max_rows:
            most = self._forms.max_rows
            raise Unreadable(f"表の行が合わせて多すぎます（上限{most}行） / more than {most} rows in all tables")
        lines = [Source(place=Place.LINES, applications=(own,)) for text in texts for own in text.own]
        if not lines and not tables:
            return next((text.number_only for text in texts if text.number_only), ())
        covers = [] if lines else [text.cover for text in texts if text.cover]
        return together([*lines, *(agreeing(table, covers) for table in tables)])

    def _free_text(self, letter: Letter, number: str, message: Message) -> Application:
        """Return what a letter without fields certainly says: about whom it is, and that it is urgent; a person reads the rest."""
        form = self._form_of(letter.sender, letter.subject)
        frame = self._frame(message, form, subject=letter.subject)
        answers = [
            *(answer for answer in form.fields.read(letter.text or letter.html_text) if answer.field == REMARKS),
            Answer(field="employee_no", label="", value=number, source=number, why="文中の職員番号"),
        ]
        return replace(form.assemble(answers, frame), doubts=(_FREE_TEXT,))

    def _form_of(self, sender: str, subject: str) -> FormReader:
        return next((form for form in self._known if form.sends(sender, subject)), self._general)

    def _frame(self, message: Message, form: FormReader, *, subject: str) -> Frame:
        return Frame(
            form=form.profile, subject=subject, received_at=message.received_at.astimezone(self._zone), zone=self._zone
        )

    def _reading(
        self, letter: Letter, identity: Identity, outcome: ReadOutcome, *,
        reason: str = "", said: _Said = _NOTHING,
    ) -> Reading:  # fmt: skip
        applications = said.applications
        checks = written_here(letter.trace, HEADER, self._forms.trusted_received)
        vouched = verify_sender(checks, letter.sender, self._forms.trusted_authserv)
        if letter.from_fault:
            unknown = doubt(letter.from_fault, letter.headers.get("from", ""))
            applications = tuple(with_doubt(application, unknown) for application in applications)
        return Reading(
            outcome=outcome,
            identity=identity,
            sender=letter.sender,
            authentic=vouched,
            entered_at=entered_at(letter.path, self._forms.trusted_received),
            subject=letter.subject[:500],
            reason=reason,
            applications=applications,
            passages=said.passages,
        )


def _with_hidden(letter: Letter) -> Letter:
    """Return a letter whose page shows what is struck out or unseen in it: an application there is on record, with its doubts."""
    return replace(letter, html_text="\n".join([letter.html_text, *(piece.words for piece in letter.hidden)]))


def _doubted(said: _Said, automatic: str, letter: Letter) -> _Said:
    """Return what a letter says, doubted where the letter seems to be nobody's."""
    if not automatic:
        return said
    doubt = automatic_doubt(automatic, letter)
    return replace(said, applications=tuple(with_doubt(application, doubt) for application in said.applications))


def _parts(letter: Letter) -> Iterator[tuple[str, str]]:
    """Yield the texts of a letter that say anything, with their names."""
    for part, text in (("本文", letter.text), ("HTML本文", letter.html_text)):
        if text.strip():
            yield part, text


def _attached(letter: Letter) -> Iterator[Passage]:
    """Yield a passage for each attached file; what stands in one that is no table only a person can tell."""
    for item in letter.attachments:
        if harmless := harmless_attachment(item):
            explained, why = Explained.SIGNATURE, harmless
        elif item.is_table:
            continue  # its name is explained apart
        else:
            explained, why = Explained.UNEXPLAINED, "中身を読めない添付ファイルです"
        yield Passage(part="添付ファイル", text=item.name, explained=explained, why=why)


def _turned(part: str, text: str) -> Iterator[Passage]:
    """Yield a passage where signs turn the writing round: a person sees other days than stand there."""
    if found := _DIRECTIONS.search(text):
        words = text[max(0, found.start() - 10) : found.end() + 20].strip()
        yield Passage(part=part, text=words, explained=Explained.UNEXPLAINED, why="文字の向きを変える記号があります")


def _file_name(
    name: str, forms: FormsSettings, profile: FormProfile | None, applications: Sequence[Application], on: date
) -> Passage:
    """Return the name of a table as a passage: 取消分.csv and 見本.xlsx are told apart by their name alone."""
    stem = _ASCII.sub(" ", normalise(name.rpartition(".")[0])).strip()
    days = [f"{day:%Y/%m/%d}" for one in applications for day in one.dates]
    plain = is_plain(stem) and not is_of_another_time(name, [*days, f"{on:%Y/%m/%d}"])
    plain = plain or explain(stem, forms, profile, applications, on).explained is Explained.FORM
    explained, why = (Explained.ANSWER, "表") if plain else (Explained.UNEXPLAINED, "ファイル名を確かめてください")
    return Passage(part="添付ファイル", text=name, explained=explained, why=why)


def _without_receipt(reading: Reading) -> Reading:
    return replace(
        reading, identity=replace(reading.identity, receipt_known=False),
        applications=tuple(with_doubt(application, _NO_RECEIPT) for application in reading.applications),
    )  # fmt: skip


def _unfetched(message: Message, forms: FormsSettings) -> Reading:
    """Return the reading of a message that the mailbox could not give: what its headers say, as far as they are known."""
    sender, subject, name = "", message.name, message.locator
    with suppress(Unreadable):
        letter = open_letter(message, forms)
        sender, subject, name = letter.sender, letter.subject, letter.headers.get("message-id") or name
    identity = Identity.of_unfetched(name, message.received_at)
    return Reading(
        outcome=ReadOutcome.UNREADABLE,
        identity=identity,
        sender=sender,
        subject=subject[:500],
        reason=message.unfetched,
    )
