"""Message to reading: the one way in. Pure: bytes and times go in, a :class:`bot.model.Reading` comes out."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from dataclasses import replace
from zoneinfo import ZoneInfo

from bot.errors import Unreadable
from bot.intake.arrival import entered_at
from bot.intake.assemble import Assembler, Frame, with_doubt
from bot.intake.beside import only_employee_no
from bot.intake.fields import REMARKS, Answer, FieldReader
from bot.intake.ignore import certainly_ignored, ignored_without_application
from bot.intake.letter import Letter, open_letter
from bot.intake.returned import find_returned
from bot.intake.sender import authentic
from bot.intake.sheets import read_rows, rows_in_text
from bot.model import Application, Doubt, Identity, Message, Reading, ReadOutcome
from bot.settings.forms import FormSettings, FormsSettings

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
        reason = certainly_ignored(letter, self._forms, self._own_address)
        try:
            applications = () if reason else self._applications(letter, letter.text, message)
            if not applications and not reason and letter.html_text:
                applications = self._applications(letter, letter.html_text, message)
        except Unreadable as error:
            return self._reading(letter, identity, ReadOutcome.UNREADABLE, reason=error.reason)
        if applications:
            return self._reading(letter, identity, ReadOutcome.APPLICATIONS, applications=applications)
        reason = reason or ignored_without_application(letter)
        if reason:
            read = self._reading(letter, identity, ReadOutcome.IGNORED, reason=reason)
            return replace(read, returned=find_returned(letter, message.content, authentic=read.authentic))
        if number := only_employee_no(letter.text or letter.html_text):
            applications = (self._free_text(letter, number, message),)
            return self._reading(letter, identity, ReadOutcome.APPLICATIONS, applications=applications)
        unread = "申請の項目が見つかりません / no field of an application was found"
        return self._reading(letter, identity, ReadOutcome.UNREADABLE, reason=unread)

    def _applications(self, letter: Letter, text: str, message: Message) -> tuple[Application, ...]:
        frame = self._frame(message, sender=letter.sender, subject=letter.subject)
        answers = self._fields.read(text)
        stated = {answer.field for answer in answers if answer.value.strip()}
        rows = [
            row for item in letter.attachments if item.is_table
            for row in read_rows(item.content, name=item.name, fields=self._fields, settings=self._forms)
        ]  # fmt: skip
        if in_text := rows_in_text(text, self._fields):
            return tuple(self._assembler.assemble(row, frame) for row in (*in_text, *rows))
        found = [self._assembler.assemble(row, frame) for row in rows]
        if "employee_no" in stated or (not rows and "name" in stated and "dates" in stated):
            found.insert(0, self._assembler.assemble(answers, frame))
        elif not rows and "receipt_no" in stated:
            found.append(replace(with_doubt(self._assembler.assemble(answers, frame), _TOO_FEW), number_only=True))
        return tuple(found)

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
        return Reading(
            outcome=outcome,
            identity=identity,
            sender=letter.sender,
            authentic=authentic(letter.checks, letter.sender, self._forms.trusted_authserv),
            entered_at=entered_at(letter.path, self._forms.trusted_received),
            subject=letter.subject[:500],
            reason=reason,
            applications=applications,
        )


def _is_of(form: FormSettings, sender: str, subject: str) -> bool:
    by_sender = not form.senders or any(sender == item or sender.endswith(f"@{item}") for item in form.senders)
    return by_sender and (not form.subjects or any(word in subject for word in form.subjects))


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
