"""A form profile out of real messages: what of them is not explained, what a person says of it, and the profile that follows.

Nothing is taken for harmless by itself: what nobody spoke of is held, as before.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Any, get_args

from bot.errors import BadUsage, Problem
from bot.form_profiles import checked
from bot.intake.accounting import doubts
from bot.intake.fields import FieldReader
from bot.intake.sentences import HOLE, Sentences
from bot.model import Explained, Passage, Reading
from bot.settings.forms import FieldName, FormProfile, FormsSettings
from bot.text import fold

FIELDS: tuple[str, ...] = get_args(FieldName)
#: What a label may be beside a field.
HARMLESS, FREE_TEXT, STATE, HOLD = "harmless", "free_text", "state", "hold"
#: The part of a message whose passages are files: no sentence explains one.
ATTACHED = "添付ファイル"
#: The part that is explained by the profile's subjects, which are taken from the samples.
SUBJECT = "件名"
MEANINGS = (*FIELDS, HARMLESS, FREE_TEXT, STATE, HOLD)
#: A proposed sentence with a hole has as many letters of its own: less would be nearly any sentence.
_FEWEST_LETTERS = 4
#: So many lines without a label are asked about: with more, the files are of no one form.
_MOST_LINES = 100


@dataclass(frozen=True, kw_only=True)
class Sample:
    """A message to learn from, as the profile that is there reads it."""

    file: str
    reading: Reading

    @property
    def unexplained(self) -> tuple[Passage, ...]:
        """What nothing explains."""
        return tuple(one for one in self.reading.passages if one.explained is Explained.UNEXPLAINED)


@dataclass(frozen=True, kw_only=True)
class LabelQuestion:
    """A label that stands for nothing known, with what stands under it."""

    label: str
    values: tuple[str, ...]
    #: In how many of the files it stands.
    files: int


@dataclass(frozen=True, kw_only=True)
class LineQuestion:
    """Lines without a label that look like one sentence, with the sentence that they may be."""

    sentence: str
    lines: tuple[str, ...]
    #: In how many of the files it stands: what stands in one alone was perhaps written by an applicant.
    files: int


@dataclass(kw_only=True)
class Answers:
    """What a person said of a form."""

    #: By label: a field, or one of the other meanings.
    labels: dict[str, str] = field(default_factory=dict)
    sentences: list[str] = field(default_factory=list)
    #: By label the values with which an application stands.
    states: dict[str, list[str]] = field(default_factory=dict)
    #: By field each option as the form writes it, with the answer that it stands for.
    options: dict[str, dict[str, str]] = field(default_factory=dict)
    #: Sentences of which a person said that they stay unexplained.
    held: list[str] = field(default_factory=list)
    senders: list[str] = field(default_factory=list)
    #: Fields that the form system fills in itself.
    trusted: list[str] = field(default_factory=list)

    def meaning(self, label: str) -> str | None:
        """Return what a label means, or ``None`` where nobody said so."""
        return next((meaning for said, meaning in self.labels.items() if fold(said) == fold(label)), None)


def label_questions(samples: Sequence[Sample], profile: FormProfile, forms: FormsSettings) -> list[LabelQuestion]:
    """Return a question for each label that is not explained; none for a known one whose answer alone is suspicious."""
    fields = FieldReader(forms, profile)
    known = {fold(label) for part in (profile, forms) for label in (*part.harmless, *part.free_text)}
    found: dict[str, tuple[str, dict[str, None], set[str]]] = {}
    for sample in samples:
        for passage in sample.unexplained:
            if passage.label and fold(passage.label) not in known and not fields.field_of(passage.label):
                _, values, files = found.setdefault(fold(passage.label), (passage.label, {}, set()))
                values[_value(passage)] = None
                files.add(sample.file)
    return [
        LabelQuestion(label=label, values=tuple(values), files=len(files)) for label, values, files in found.values()
    ]


def line_questions(samples: Sequence[Sample], said: Iterable[str] = ()) -> list[LineQuestion]:
    """Return a question for each sentence that is not explained; those that ``said`` covers are not asked about.

    Raises ``BadUsage`` for more lines than any form writes.
    """
    covered = Sentences(said)
    lines = [
        (sample.file, one.text)
        for sample in samples
        for one in sample.unexplained
        if one.part not in (ATTACHED, SUBJECT) and not one.label and covered.find(one.text) is None
    ]
    if len(lines) > _MOST_LINES:
        raise BadUsage(
            [Problem(path="FILE", text=f"{len(lines)} lines are not explained; are these mails of one form?")]
        )
    return [
        LineQuestion(
            sentence=sentence,
            lines=tuple(dict.fromkeys(text for _, text in group)),
            files=len({file for file, _ in group}),
        )
        for sentence, group in _grouped(lines)
    ]


def template_of(texts: Sequence[str]) -> str | None:
    """Return what all texts are alike in, with a hole where they differ; ``None`` where that is next to nothing."""
    if len(set(map(fold, texts))) == 1:
        return texts[0]
    before = _alike(texts)
    after = _alike([text[len(before) :][::-1] for text in texts])[::-1]
    holes = [text[len(before) : len(text) - len(after)] for text in texts]
    before = _whole_words(before, [hole[:1] for hole in holes])
    after = _whole_words(after[::-1], [hole[-1:] for hole in holes])[::-1]
    letters = sum(char.isalnum() for char in before + after)
    return f"{before}{HOLE}{after}" if letters >= _FEWEST_LETTERS else None


def _alike(texts: Sequence[str]) -> str:
    """Return what all texts begin with."""
    same = takewhile(lambda chars: len(set(chars)) == 1, zip(*texts, strict=False))
    return "".join(chars[0] for chars in same)


def _whole_words(text: str, beside: Sequence[str]) -> str:
    """Return a text without the piece of a word at its end that goes on in a hole: of a number, of kanji, of kana."""
    kinds = {_kind_of(char) for char in beside if char}
    kind = _kind_of(text[-1:])
    if not kind or kind not in kinds:
        return text
    return text[: len(text) - sum(1 for _ in takewhile(lambda char: _kind_of(char) == kind, reversed(text)))]


def _kind_of(char: str) -> str:
    """Return which letters a character is of; ``""`` for none, and for what ends a word."""
    if char.isdecimal():
        return "digit"
    return unicodedata.name(char, "").split(" ")[0] if char.isalpha() else ""


def taught(profile: FormProfile, answers: Answers, samples: Sequence[Sample]) -> FormProfile:
    """Return the profile with what was said, and with the senders, subjects and columns of the samples.

    Raises ``BadUsage`` with everything that is wrong with it.
    """
    raw: dict[str, Any] = profile.model_dump(mode="json", exclude_defaults=True)
    for label, meaning in answers.labels.items():
        _mean(raw, label, meaning)
    for label, states in answers.states.items():
        _add(raw.setdefault("values", {}), label, states)
    for name, options in answers.options.items():
        raw.setdefault("options", {}).setdefault(name, {}).update(options)
    _add(raw, "sentences", answers.sentences)
    _add(raw, "senders", answers.senders)
    _add(raw, "trusted", answers.trusted)
    _recognise(raw, samples, in_use=bool(profile.senders))
    made, faults = checked(raw)
    if made is None or faults:
        raise BadUsage(faults)
    return made


def held(reading: Reading) -> list[str]:
    """Return what would hold a message, each with its place and its words."""
    found = [f"{one.part} {one.at}".strip() + f"「{one.text}」: {one.why}" for one in reading.passages
             if one.explained is Explained.UNEXPLAINED]  # fmt: skip
    told = {doubt.read for doubt in doubts(reading.passages)}
    for application in reading.applications:
        found += [
            f"{doubt.field}「{doubt.read}」: {doubt.text}" for doubt in application.doubts if doubt.read not in told
        ]
    if not reading.applications:
        found.append(reading.reason or reading.outcome.value)
    return list(dict.fromkeys(found))


def _mean(raw: dict[str, Any], label: str, meaning: str) -> None:
    """Put a label to what it means, and take it away from what it meant before."""
    for labels in raw.get("labels", {}).values():
        _take(labels, label)
    for part in (HARMLESS, FREE_TEXT):
        _take(raw.get(part, []), label)
    if meaning in (HARMLESS, FREE_TEXT):
        _add(raw, meaning, [label])
    elif meaning in FIELDS:
        _add(raw.setdefault("labels", {}), meaning, [label])


def _recognise(raw: dict[str, Any], samples: Sequence[Sample], *, in_use: bool) -> None:
    """Add by what messages of the form are recognised, where the samples show it."""
    subjects = [sample.reading.subject for sample in samples if sample.reading.sender]
    known = Sentences(raw.get("subjects", ()))
    new = [subject for subject in subjects if subject and known.find(subject) is None]
    # A profile in use that takes any subject is not narrowed by learning once more.
    if new and (raw.get("subjects") or not in_use):
        template = template_of(new)
        _add(raw, "subjects", [template] if template else new)
    tables = [
        dict.fromkeys(one.label for one in sample.reading.passages if one.label)
        for sample in samples
        if not sample.reading.sender
    ]
    if tables and "columns" not in raw:
        raw["columns"] = [label for label in tables[0] if all(label in table for table in tables)]


def _grouped(lines: Sequence[tuple[str, str]]) -> list[tuple[str, list[tuple[str, str]]]]:
    """Return lines that are alike together, each group with the sentence that covers it; no two of one file are alike."""
    groups: list[tuple[str, list[tuple[str, str]]]] = []
    for file, text in lines:
        for number, (sentence, group) in enumerate(groups):
            same = fold(text) == fold(sentence)
            made = (
                None
                if same or any(file == other for other, _ in group)
                else template_of([*(t for _, t in group), text])
            )
            if same or made:
                groups[number] = (made or sentence, [*group, (file, text)])
                break
        else:
            groups.append((text, [(file, text)]))
    return groups


def _value(passage: Passage) -> str:
    return passage.text.removeprefix(passage.label).lstrip("：").strip()


def _add(where: dict[str, Any], key: str, values: Iterable[str]) -> None:
    known = list(where.get(key, ()))
    new = [value for value in dict.fromkeys(values) if fold(value) not in set(map(fold, known))]
    if new:
        where[key] = [*known, *new]


def _take(labels: list[str], label: str) -> None:
    labels[:] = [known for known in labels if fold(known) != fold(label)]


def unsaid(labels: Sequence[LabelQuestion], lines: Sequence[LineQuestion], said: Answers) -> list[Problem]:
    """Return what nobody has said anything of, each with the option that says it."""
    problems = [
        Problem(
            path=question.label,
            text=f"({', '.join(question.values)}) --as '{question.label}=FIELD', or harmless, free_text, hold in place of FIELD",
        )
        for question in labels
        if said.meaning(question.label) is None and question.label not in said.states
    ]
    settled = set(map(fold, said.held))
    return problems + [
        Problem(
            path=question.sentence, text=f"(in {question.files} files) --sentence '{question.sentence}', or --hold '…'"
        )
        for question in lines
        if fold(question.sentence) not in settled
    ]
