"""Message to reading: the one way in. Pure: bytes and times go in, a :class:`bot.model.Reading` comes out."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from zoneinfo import ZoneInfo

from bot.errors import Unreadable
from bot.intake.arrival import entered_at, written_here
from bot.intake.assemble import Assembler, Frame, with_doubt
from bot.intake.authentication_results import HEADER, verify_sender
from bot.intake.beside import only_employee_no
from bot.intake.fields import REMARKS, Answer, FieldReader
from bot.intake.from_header import doubt
from bot.intake.ignore import certainly_ignored, ignored_without_application
from bot.intake.letter import Letter, open_letter
from bot.intake.sheets import read_rows, rows_in_text
from bot.model import Application, Doubt, Identity, Message, Reading, ReadOutcome
from bot.settings.forms import FormSettings, FormsSettings
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


class Reader:
    """Reads messages by the forms of the settings."""

    def __init__(self, forms: FormsSettings, *, zone: ZoneInfo, own_address: str) -> None:
        self._forms = forms
        self._zone = zone
        self._own_address = own_address
        self._fields = FieldReader(forms)
        self._assembler = Assembler(forms)

    def read(self, message: Message) -> Reading:
        """Return what the message holds; never raises for what is in it.

        ``unreadable`` and ``ignored`` come with their reason in Japanese and English.
        """
        try:
            if message.cut:
                raise Unreadable("大きすぎるため読み込みませんでした / it is larger than mailbox.max_message_mb")
            if message.name.lower().endswith(_TABLES):
                return self._read_table(message)
            return self._read_letter(message)
        except Unreadable as error:
            return _unread(message, error.reason)
        except Exception as error:  # noqa: BLE001 - whatever a hostile mail provokes, it must be kept and shown, not stop the rest
            return _unread(
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
        identity = Identity(
            message_id=letter.headers.get("message-id", ""), received_at=message.received_at, digest=letter.digest
        )
        reason = certainly_ignored(letter, self._forms, self._own_address)
        # Whom an application is from is for a person to find out: it is not passed over for what its sender seems to be.
        passed_over = reason and (letter.is_report or not letter.from_fault)
        try:
            applications = () if passed_over else self._applications(letter, letter.text, message)
            if not applications and not passed_over and letter.html_text:
                applications = self._applications(letter, letter.html_text, message)
        except Unreadable as error:
            return self._reading(letter, identity, ReadOutcome.UNREADABLE, reason=error.reason)
        if applications:
            return self._reading(letter, identity, ReadOutcome.APPLICATIONS, applications=applications)
        reason = reason or ignored_without_application(letter)
        if reason:
            return self._reading(letter, identity, ReadOutcome.IGNORED, reason=reason)
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
            bounce_of=letter.bounce_of if vouched is not False else None,
            entered_at=entered_at(letter.path, self._forms.trusted_received),
            subject=letter.subject[:500],
            reason=reason,
            applications=applications,
        )


def _is_of(form: FormSettings, sender: str, subject: str) -> bool:
    return (not form.senders or listed(sender, form.senders)) and (
        not form.subjects or any(word in subject for word in form.subjects)
    )


def _unread(message: Message, reason: str) -> Reading:
    """Return the reading of a message of which nothing could be decoded: its identity is its bytes."""
    identity = Identity.of_bytes(message.content, message.received_at)
    return Reading(outcome=ReadOutcome.UNREADABLE, identity=identity, subject=message.name[:500], reason=reason)
