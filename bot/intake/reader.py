"""Message to reading: the one way in. Pure: bytes and times go in, a :class:`bot.model.Reading` comes out."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from zoneinfo import ZoneInfo

from bot.errors import Unreadable
from bot.intake.arrival import entered_at, written_here
from bot.intake.assemble import Assembler, Frame, with_doubt
from bot.intake.authentication_results import HEADER, verify_sender
from bot.intake.beside import only_employee_no
from bot.intake.fields import REMARKS, Answer, FieldReader
from bot.intake.from_header import doubt
from bot.intake.ignore import automatic_doubt, ignored_without_application, never_read, seems_automatic
from bot.intake.letter import Letter, letter_doubts, open_letter
from bot.intake.returned import find_returned
from bot.intake.sheets import read_rows, rows_in_text
from bot.intake.sources import Cover, Place, Source, Written, agreeing, blocks, together
from bot.model import Application, Doubt, Identity, Message, Reading, ReadOutcome
from bot.settings.forms import FormProfile, FormsSettings
from bot.text import listed

_TABLES = (".csv", ".tsv", ".xlsx", ".xlsm", ".xls")
_TOO_FEW = Doubt(
    field="body", read="", text="番号のみの通知です。申請内容のCSVを待っています",
    text_en="a notice with only a number: it waits for its row of the CSV",
)  # fmt: skip
_FREE_TEXT = Doubt(
    field="body", read="", text="自由文の申請です。元のメールを読んで確かめてください",
    text_en="an application in free text: read the mail itself",
)  # fmt: skip
_NO_RECEIPT = Doubt(
    field="received_at", read="", text="受信日時が分からないメールです。いつ届いたかを確かめてください",
    text_en="no server says when this mail came: find out when it arrived",
)  # fmt: skip


class Reader:
    """Reads messages by the forms of the settings."""

    def __init__(self, forms: FormsSettings, *, zone: ZoneInfo, own_address: str) -> None:
        self._forms = forms
        self._zone = zone
        self._own_address = own_address
        self._fields = FieldReader(forms)
        self._assembler = Assembler(forms)

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
        frame = Frame(form=self._forms.dropped, subject="", received_at=received, zone=self._zone)
        rows = read_rows(message.content, name=message.name, fields=self._fields, settings=self._forms)
        applications = tuple(self._assembler.assemble(answers, frame) for answers in rows)
        identity = Identity(
            message_id=f"{Identity.DROPPED}{message.name}", received_at=message.received_at,
            digest=hashlib.sha256(message.content).hexdigest(),
        )  # fmt: skip
        return Reading(
            outcome=ReadOutcome.APPLICATIONS, identity=identity, subject=message.name, applications=applications
        )

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
            applications = self._applications(letter, message) or self._hidden(letter, message)
        except Unreadable as error:
            return self._reading(letter, identity, ReadOutcome.UNREADABLE, reason=error.reason)
        if not applications:
            text = letter.text or letter.html_text
            number = only_employee_no(text) if not automatic else None
            reason = automatic or ignored_without_application(letter)
            if reason and (number is None or "職員" not in text):
                return self._ignored(letter, identity, message, reason)
            applications = (self._free_text(letter, number, message),) if number else ()
        if applications:
            doubts = [*([automatic_doubt(automatic, letter)] if automatic else ()), *letter_doubts(letter)]
            applications = tuple(_with_doubts(application, doubts) for application in applications)
            return self._reading(letter, identity, ReadOutcome.APPLICATIONS, applications=applications)
        unread = "申請の項目が見つかりません / no field of an application was found"
        read = self._reading(letter, identity, ReadOutcome.UNREADABLE, reason=unread)
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

    def _hidden(self, letter: Letter, message: Message) -> tuple[Application, ...]:
        """Return the applications of a letter in which they are struck out or unseen: its doubts say that they are."""
        if not letter.hidden:
            return ()
        whole = "\n".join([letter.html_text, *(piece.words for piece in letter.hidden)])
        return self._applications(replace(letter, html_text=whole), message)

    def _applications(self, letter: Letter, message: Message) -> tuple[Application, ...]:
        """Return what is said in every place of the letter, each application once; see :mod:`bot.intake.sources`."""
        frame = self._frame(message, sender=letter.sender, subject=letter.subject)
        tables = self._attached(letter, frame)
        written = [self._written(text, frame) for text in (letter.text, letter.html_text) if text.strip()]
        tables += [Source(place=Place.TABLE, applications=text.rows) for text in written if text.rows]
        if sum(len(table.applications) for table in tables) > self._forms.max_rows:
            most = self._forms.max_rows
            raise Unreadable(f"表の行が合わせて多すぎます（上限{most}行） / more than {most} rows in all tables")
        lines = [Source(place=Place.LINES, applications=(own,)) for text in written for own in text.own]
        if not lines and not tables:
            return next((text.number_only for text in written if text.number_only), ())
        covers = [] if lines else [text.cover for text in written if text.cover]
        return together([*lines, *(agreeing(table, covers) for table in tables)])

    def _attached(self, letter: Letter, frame: Frame) -> list[Source]:
        found: list[Source] = []
        for item in letter.attachments:
            if item.is_table:
                rows = read_rows(item.content, name=item.name, fields=self._fields, settings=self._forms)
                applications = tuple(self._assembler.assemble(row, frame) for row in rows)
                found.append(Source(place=Place.FILE, applications=applications))
        return found

    def _written(self, text: str, frame: Frame) -> Written:
        """Return what one text of the letter says, its tables apart: their rows are no answers of its lines."""
        table = rows_in_text(text, self._fields, self._forms)
        answers = self._fields.read(table.rest)
        stated = frozenset(answer.field for answer in answers if answer.value.strip()) - {REMARKS}
        rows = tuple(self._assembler.assemble(row, frame) for row in table.rows)
        if not stated:
            return Written(rows=rows)
        own = self._assembler.assemble(answers, frame)
        if "employee_no" in stated or {"name", "dates"} <= stated:
            return Written(rows=rows, own=(own, *self._others(own, answers, frame)))
        few = (replace(with_doubt(own, _TOO_FEW), number_only=True),) if "receipt_no" in stated else ()
        return Written(rows=rows, number_only=few, cover=Cover(application=own, stated=stated))

    def _others(self, own: Application, answers: Sequence[Answer], frame: Frame) -> Iterator[Application]:
        """Yield an application for each further employee number that the lines state."""
        stated = {answer.value for answer in answers if answer.field == "employee_no"}
        if len(stated) < 2:
            return
        seen = {own.employee_no, None}
        for block in blocks(answers):
            if any(answer.field == "employee_no" for answer in block):
                other = self._assembler.assemble(block, frame)
                if other.employee_no not in seen:
                    seen.add(other.employee_no)
                    yield other

    def _free_text(self, letter: Letter, number: str, message: Message) -> Application:
        """Return what a letter without fields certainly says: about whom it is, and that it is urgent; a person reads the rest."""
        frame = self._frame(message, sender=letter.sender, subject=letter.subject)
        answers = [
            *(answer for answer in self._fields.read(letter.text or letter.html_text) if answer.field == REMARKS),
            Answer(field="employee_no", label="", value=number, source=number, why="文中の職員番号"),
        ]
        return replace(self._assembler.assemble(answers, frame), doubts=(_FREE_TEXT,))

    def _frame(self, message: Message, *, sender: str, subject: str) -> Frame:
        form = next((form for form in self._forms.known if _is_of(form, sender, subject)), None)
        return Frame(
            form=form, subject=subject, received_at=message.received_at.astimezone(self._zone), zone=self._zone
        )

    def _reading(
        self, letter: Letter, identity: Identity, outcome: ReadOutcome, *,
        reason: str = "", applications: tuple[Application, ...] = (),
    ) -> Reading:  # fmt: skip
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
        )


def _with_doubts(application: Application, doubts: Sequence[Doubt]) -> Application:
    return replace(application, doubts=(*application.doubts, *doubts))


def _is_of(form: FormProfile, sender: str, subject: str) -> bool:
    return (not form.senders or listed(sender, form.senders)) and (
        not form.subjects or any(word in subject for word in form.subjects)
    )


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
