"""The texts and tables of one form to applications: its labels, its options, and what it always writes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from bot.intake.accounting import Accounting, Facts, doubts
from bot.intake.assemble import Assembler, Frame, with_doubt
from bot.intake.choices import ticked
from bot.intake.fields import REMARKS, Answer, FieldReader
from bot.intake.sentences import Sentences
from bot.intake.sheets import open_sheets, read_rows, rows_in_text
from bot.intake.sources import Cover, blocks
from bot.model import Application, Doubt, Explained, Passage
from bot.settings.forms import FormProfile, FormsSettings
from bot.text import fold, listed
from bot.worksheet import Worksheet

_TOO_FEW = Doubt(
    field="body", read="", text="番号のみの通知です。申請内容のCSVを待っています",
    text_en="a notice with only a number: it waits for its row of the CSV",
)  # fmt: skip


_SAME_NUMBER = Doubt(
    field="receipt_no", read="", text="同じ受付番号で別の職員の行があります",
    text_en="another employee's row has the same receipt number",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Rows:
    """The applications of a table, one a row, with what explains each of its cells."""

    applications: tuple[Application, ...] = ()
    passages: tuple[Passage, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Written:
    """What one text of a message says: the rows of its tables, and beside them applications, a cover, or only a number."""

    part: str
    #: Everything in the text but its tables, in its order.
    answers: Sequence[Answer]
    rows: Rows
    #: Of the lines; several where they name several people.
    own: tuple[Application, ...] = ()
    number_only: tuple[Application, ...] = ()
    cover: Cover | None = None


class FormReader:
    """Reads what messages of one form say; ``profile`` is ``None`` for those of no known form."""

    def __init__(self, settings: FormsSettings, profile: FormProfile | None) -> None:
        self.profile = profile
        self._settings = settings
        self._options = {
            field: {fold(option): answer for option, answer in options.items()}
            for field, options in (profile.options if profile else {}).items()
        }
        self.fields = FieldReader(settings, profile)
        self.accounting = Accounting(settings, profile)
        self._subjects = Sentences(profile.subjects if profile else ())
        self._assembler = Assembler(settings)

    def sends(self, sender: str, subject: str) -> bool:
        """Tell whether the form sent a mail; a profile without senders is a template, and takes none."""
        if self.profile is None or not listed(sender, self.profile.senders):
            return False
        return not self.profile.subjects or self._subjects.find(subject) is not None

    def text(self, text: str, *, part: str, frame: Frame) -> Written:
        """Return what one text of a letter says, its tables apart: their rows are no answers of its lines."""
        table = rows_in_text(text, self.fields, self._settings)
        rows = self._rows(table.rows, part=part, frame=frame)
        ends = (
            Passage(part=part, at=one.at, text=one.text, explained=Explained.FORM, why=one.why)
            for one in table.harmless
        )
        rows = replace(rows, passages=(*rows.passages, *ends))
        answers = self.fields.read(table.rest)
        stated = frozenset(answer.field for answer in answers if answer.value.strip()) - {REMARKS}
        written = Written(part=part, answers=answers, rows=rows)
        if not stated:
            return written
        own = self.assemble(answers, frame)
        if "employee_no" in stated or {"name", "dates"} <= stated:
            return replace(written, own=(own, *self._others(own, answers, frame)))
        few = (replace(with_doubt(own, _TOO_FEW), number_only=True),) if "receipt_no" in stated else ()
        return replace(written, number_only=few, cover=Cover(application=own, stated=stated))

    def table(self, content: bytes, *, name: str, frame: Frame) -> Rows:
        """Return the rows of a file; raises ``Unreadable`` naming it, and the row where one is to blame."""
        return self.sheets(open_sheets(content, name=name, settings=self._settings), name=name, frame=frame)

    def sheets(self, sheets: Sequence[Worksheet], *, name: str, frame: Frame) -> Rows:
        """Return the rows of a file that was opened; raises as :meth:`table` does."""
        known = self.profile.sheets if self.profile else ()
        read = read_rows(sheets, name=name, fields=self.fields, settings=self._settings, known_sheets=known)
        rows = self._rows(read.rows, part=name, frame=frame)
        return replace(rows, passages=(*rows.passages, *read.passages))

    def assemble(self, answers: Sequence[Answer], frame: Frame) -> Application:
        """Return the application that answers make, with a doubt for an option that the form does not have."""
        mapped = [self._option(answer) for answer in answers]
        application = self._assembler.assemble([answer for answer, _ in mapped], frame)
        unknown = tuple(doubt for _, doubt in mapped if doubt)
        return replace(application, doubts=(*application.doubts, *unknown)) if unknown else application

    def _rows(self, rows: Sequence[Sequence[Answer]], *, part: str, frame: Frame) -> Rows:
        applications: list[Application] = []
        passages: list[Passage] = []
        for row in rows:
            application = self.assemble(row, frame)
            found = self.accounting.explain(row, Facts.of([application]), part=part)
            own = (*application.doubts, *doubts(found))
            applications.append(replace(application, doubts=own))
            passages += found
        return Rows(applications=tuple(_numbered_apart(applications)), passages=tuple(passages))

    def _option(self, answer: Answer) -> tuple[Answer, Doubt | None]:
        """Return the answer that an option of the form stands for."""
        options = next((known for field, known in self._options.items() if field == answer.field), None)
        if not options or not answer.value.strip():
            return answer, None
        meant = options.get(fold(ticked(answer.value)))
        if meant is not None:
            return replace(answer, value=meant), None
        return answer, Doubt(
            field=answer.field,
            read=answer.value,
            text="この様式にない選択肢です",
            text_en="the form has no such option",
        )

    def _others(self, own: Application, answers: Sequence[Answer], frame: Frame) -> Iterator[Application]:
        """Yield an application for each further employee number that the lines state."""
        stated = {answer.value for answer in answers if answer.field == "employee_no"}
        if len(stated) < 2:
            return
        seen = {own.employee_no, None}
        for block in blocks(answers):
            if any(answer.field == "employee_no" for answer in block):
                other = self.assemble(block, frame)
                if other.employee_no not in seen:
                    seen.add(other.employee_no)
                    yield other


def _numbered_apart(applications: Sequence[Application]) -> Iterator[Application]:
    """Yield the rows of a table, doubted where one receipt number stands for several people."""
    people: dict[str, set[str | None]] = {}
    for one in applications:
        if one.receipt_no:
            people.setdefault(one.receipt_no, set()).add(one.employee_no)
    for one in applications:
        several = one.receipt_no is not None and len(people.get(one.receipt_no, ())) > 1
        yield with_doubt(one, replace(_SAME_NUMBER, read=one.receipt_no or "")) if several else one
