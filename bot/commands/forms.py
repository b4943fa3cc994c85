"""``form learn`` and ``form check``: a form is taught from real messages, and tried on them."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from bot.commands.opening import must_say, open_workshop
from bot.commands.output import people, print_json, say, table
from bot.errors import BadUsage, Problem, Unusable
from bot.form_profiles import checked, read_profile, warnings_of, written
from bot.intake.sentences import Sentences
from bot.intake.teaching import (
    FIELDS,
    HOLD,
    MEANINGS,
    STATE,
    Answers,
    LabelQuestion,
    LineQuestion,
    Sample,
    held,
    label_questions,
    line_questions,
    taught,
    unsaid,
)  # fmt: skip
from bot.ledger.ledger import Ledger
from bot.ledger.records import Event
from bot.mail.folder import message_from_file
from bot.model import Message
from bot.settings.forms import FormProfile, FormsSettings
from bot.terminal import visible
from bot.text import listed
from bot.wiring import Workshop

_LEARN, _CHECK = "form.learn", "form.check"
Ask = Callable[[str], str]


@dataclass(frozen=True, kw_only=True)
class Said:
    """What was said of a form on the command line, by whom and why."""

    by: str
    reason: str
    labels: Sequence[str] = ()
    sentences: Sequence[str] = ()
    held: Sequence[str] = ()
    states: Sequence[str] = ()
    options: Sequence[str] = ()
    senders: Sequence[str] = ()
    trusted: Sequence[str] = ()

    def answers(self) -> Answers:
        """Return it as answers; raises ``BadUsage`` with everything that can't be understood."""
        problems: list[Problem] = []
        labels = dict(_pairs(self.labels, "--as", "LABEL=FIELD", problems))
        problems += [
            Problem(path="--as", text=f"{label}={meaning}: known are {', '.join(MEANINGS)}")
            for label, meaning in labels.items()
            if meaning not in MEANINGS or meaning == STATE
        ]
        answers = Answers(
            labels=labels,
            sentences=list(self.sentences),
            held=list(self.held),
            senders=list(self.senders),
            trusted=list(self.trusted),
        )
        for label, state in _pairs(self.states, "--state", "LABEL=VALUE", problems):
            answers.states.setdefault(label, []).append(state)
        for option, meant in _pairs(self.options, "--option", "FIELD:OPTION=ANSWER", problems):
            name, _, words = option.partition(":")
            if name not in FIELDS or not words:
                problems.append(
                    Problem(path="--option", text=f"{option!r} is not FIELD:OPTION, such as kind:利用終了=cancel")
                )
            answers.options.setdefault(name, {})[words] = meant
        if problems:
            raise BadUsage(problems)
        return answers


def learn(
    name: str,
    files: Sequence[Path],
    config: Path,
    overrides: Sequence[str],
    *,
    said: Said,
    as_json: bool,
    ask: Ask | None = None,
) -> int:
    """Teach a form from messages of it, and write its profile; 1 while some of them would still be held."""
    must_say({"--by": said.by, "--reason": said.reason})
    workshop = open_workshop(config, overrides, quiet=True)
    answers, path = said.answers(), _path(workshop, name)
    before = read_profile(path) if path.exists() else None
    messages = [_message(workshop, file) for file in files]
    start = before or FormProfile(name=name, title=name)
    samples = _samples(workshop, messages, start)
    asking = ask or (input if sys.stdin.isatty() and not as_json else None)
    unsettled = [
        *_agree_on_senders(samples, start, answers, asking),
        *_settle(samples, start, workshop, answers, asking),
    ]
    if unsettled:
        raise BadUsage(unsettled)
    profile = taught(start, answers, samples)
    if (
        asking
        and asking(visible(_WRITE.format(path=path, subjects=" / ".join(profile.subjects) or "-"))).strip().lower()
        != "y"
    ):
        say("何も書いていません / nothing was written")
        return 1
    text = written(profile, path.read_text(encoding="utf-8") if before else "")
    digests = {"before": before.digest if before else None, "after": profile.digest}
    details = {"form": name, **digests, "files": [sha256(one.content).hexdigest() for one in messages]}
    with workshop.recording(said.by.strip()) as ledger:
        asyncio.run(_write_on_record(ledger, path, text, said.reason.strip(), details))
    say(f"wrote {path} (digest {profile.digest[:12]})")
    for warning in (*warnings_of(profile), *_not_allowed(workshop, profile)):
        say(f"! {warning}")
    return _tell(_rows(workshop, messages, profile), as_json=as_json)


def check(
    name: str, files: Sequence[Path], config: Path, overrides: Sequence[str], *, by: str, reason: str, as_json: bool
) -> int:
    """Tell what of messages would be held by the form's profile; 1 when anything would."""
    workshop = open_workshop(config, overrides, quiet=True)
    path = _path(workshop, name)
    if not path.exists():
        raise BadUsage([Problem(path="NAME", text=f"there is no {path}; `form learn {name} FILE...` makes it")])
    profile = read_profile(path)
    messages = [_message(workshop, file) for file in files]
    rows = _rows(workshop, messages, profile)
    details = {
        "form": name, "before": profile.digest, "after": profile.digest, "held": sum(bool(row["held"]) for row in rows),
        "files": [sha256(one.content).hexdigest() for one in messages],
    }  # fmt: skip
    with workshop.recording(by.strip() or None) as ledger:
        asyncio.run(ledger.note(Event(action=_CHECK, outcome="done", reason=reason.strip(), details=details)))
    return _tell(rows, as_json=as_json)


def _path(workshop: Workshop, name: str) -> Path:
    """Return where a profile lies; raises ``BadUsage`` for a name that none may have."""
    _, faults = checked({"name": name})
    if faults:
        raise BadUsage([Problem(path="NAME", text=fault.text) for fault in faults])
    return workshop.config.path(workshop.config.settings.forms.profiles_dir) / f"{name}.yaml"


def _message(workshop: Workshop, file: Path) -> Message:
    limit = int(workshop.config.settings.mailbox.max_message_mb * 2**20)
    try:
        return message_from_file(file, max_bytes=limit, zone=workshop.config.zone)
    except OSError as error:
        raise BadUsage([Problem(path=str(file), text=f"can't be read ({error.strerror})")]) from None


def _as_of(workshop: Workshop, profile: FormProfile) -> FormsSettings:
    """Return the forms with this profile alone: whatever is read is of it, a table that was dropped too."""
    return workshop.forms().model_copy(update={"known": (profile,), "dropped": profile})


def _samples(workshop: Workshop, messages: Sequence[Message], profile: FormProfile) -> list[Sample]:
    """Return the messages as the profile reads them, whoever sent them and with whatever subject."""
    reader = workshop.reader()
    senders = {reader.read_or_give_up(message).sender for message in messages} - {""}
    open_to_all = profile.model_copy(update={"senders": tuple(sorted(senders)), "subjects": ()})
    reader = workshop.reader(_as_of(workshop, open_to_all))
    return [Sample(file=message.name, reading=reader.read_or_give_up(message)) for message in messages]


def _agree_on_senders(
    samples: Sequence[Sample], profile: FormProfile, answers: Answers, ask: Ask | None
) -> list[Problem]:
    """Take a sender that is proven or named; of any other a person is asked, or it is returned where nobody can be."""
    known = {*profile.senders, *answers.senders}
    unproven: list[Problem] = []
    for sender in dict.fromkeys(sample.reading.sender for sample in samples if sample.reading.sender):
        if sender in known or sender.rpartition("@")[2] in known:
            continue
        proven = all(sample.reading.authentic for sample in samples if sample.reading.sender == sender)
        if proven or (ask and ask(visible(_SENDER.format(sender=sender))).strip().lower() == "y"):
            answers.senders.append(sender)
        elif not ask:
            unproven.append(Problem(path=sender, text=f"is not proven to be the sender; if it is: --sender {sender}"))
    return unproven


def _settle(
    samples: Sequence[Sample], profile: FormProfile, workshop: Workshop, answers: Answers, ask: Ask | None
) -> list[Problem]:
    """Have a person say what each unexplained label and line is; returns those of which nobody said anything."""
    forms = workshop.forms()
    labels = [
        question
        for question in label_questions(samples, profile, forms)
        if answers.meaning(question.label) is None and question.label not in answers.states
    ]
    lines = line_questions(samples, answers.sentences)
    if ask is None:
        return unsaid(labels, lines, answers)
    if labels:
        say(_HELP.format(fields=_fields(forms)))
    for number, question in enumerate(labels, 1):
        _ask_label(f"[{number}/{len(labels)}]", question, len(samples), answers, ask)
    for number, line in enumerate(lines, 1):
        _ask_line(f"[{number}/{len(lines)}]", line, len(samples), answers, ask)
    return []


def _fields(forms: FormsSettings) -> str:
    """Return the fields, each with what most forms call it, a few on a line."""
    named = [f"{name} {known[0]}" for name, known in forms.labels.items() if known]
    return "\n  ".join("  ".join(named[at : at + _FIELDS_A_LINE]) for at in range(0, len(named), _FIELDS_A_LINE))


_FIELDS_A_LINE = 6
_WRITE = "件名 / subject: {subjects}\n{path} に書きますか / write it? [y/N] "
_YES_NO = frozenset({"y", "n"})
_SENDER = "送信元 {sender} は証明されていません。この様式の送信元ですか / not proven; is it this form's sender? [y/N] "
_HELP = """項目ごとに、次のどれかを入力してください / for each label type one of:
  {fields}
  harmless   内容を問わない / says nothing of what is asked for
  free_text  自由記入 / applicants write what they like
  state      状態：見本と同じ値のときだけ通す / lets only the values of the samples pass
  （Enter）  保留のまま / stays held"""


def _ask_label(place: str, question: LabelQuestion, files: int, answers: Answers, ask: Ask) -> None:
    asked = f"{place} 項目「{question.label}」（{question.files}/{files} 通）: {' / '.join(question.values)}\n  = "
    while (said := ask(visible(asked)).strip() or HOLD) not in MEANINGS:
        say(f"「{said}」は分かりません / unknown")
    if said == STATE:
        answers.states[question.label] = list(question.values)
    else:
        answers.labels[question.label] = said


def _ask_line(place: str, question: LineQuestion, files: int, answers: Answers, ask: Ask) -> None:
    """Ask whether a line is the form's own; what is typed in its place counts as its sentence."""
    seen = (
        ""
        if question.files == files
        else "  ! 全部の見本にはありません：申請者の記入かもしれません / not in all samples\n"
    )
    shown = "".join(f"    {line}\n" for line in question.lines)
    asked = (
        f"{place} 文（{question.files}/{files} 通）:\n{shown}{seen}  様式の文「{question.sentence}」ですか"
        " / is it the form's own text? [y / 文を書き直す / N] "
    )
    while (said := ask(visible(asked)).strip()) and said.lower() not in _YES_NO and not _covers(said, question):
        say("その文は上の行に合いません / it does not fit these lines")
    if said.lower() == "y":
        answers.sentences.append(question.sentence)
    elif said and said.lower() != "n":
        answers.sentences.append(said)
    else:
        answers.held.append(question.sentence)


def _covers(sentence: str, question: LineQuestion) -> bool:
    known = Sentences([sentence])
    return all(known.find(line) is not None for line in question.lines)


def _pairs(texts: Sequence[str], option: str, shape: str, problems: list[Problem]) -> list[tuple[str, str]]:
    found = [text.rpartition("=") for text in texts]
    problems += [
        Problem(path=option, text=f"{text!r} is not {shape}")
        for text, (left, _, right) in zip(texts, found, strict=True)
        if not left.strip() or not right.strip()
    ]
    return [(left.strip(), right.strip()) for left, _, right in found if left.strip() and right.strip()]


async def _write_on_record(ledger: Ledger, path: Path, text: str, reason: str, details: Mapping[str, object]) -> None:
    """Write the profile between its two events; raises ``Unusable`` where it can't be written."""
    await ledger.note(Event(action=_LEARN, outcome="intended", reason=reason, details=details))
    try:
        _write(path, text)
    except OSError as error:
        await ledger.note(Event(action=_LEARN, outcome="failed", reason=str(error), details=details))
        raise Unusable(f"{path} can't be written ({error.strerror})") from error
    await ledger.note(Event(action=_LEARN, outcome="done", reason=reason, details=details))


def _write(path: Path, text: str) -> None:
    """Write the profile whole or not at all; there is nothing secret in it, and whoever the bot runs as must read it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_suffix(".yaml.new")
    beside.write_text(text, encoding="utf-8")
    beside.chmod(0o644)
    beside.replace(path)


def _not_allowed(workshop: Workshop, profile: FormProfile) -> list[str]:
    """Return the senders whose mails V04 holds all the same: only the rules say who may apply for everybody."""
    systems = workshop.config.settings.rules.senders.systems
    return [
        f"{sender}: rules.senders の allow と systems に加えるまで保留します（V04） / held (V04) until it is in rules.senders, allow and systems"
        for sender in profile.senders
        if not (listed(sender, systems) or sender in systems)
    ]


def _rows(workshop: Workshop, messages: Sequence[Message], profile: FormProfile) -> list[dict[str, Any]]:
    """Return what would hold each message, read by this profile among all others."""
    forms = workshop.forms()
    others = [known for known in forms.known if known.name != profile.name]
    in_order = tuple(sorted((*others, profile), key=lambda known: known.name))
    reader = workshop.reader(forms.model_copy(update={"known": in_order, "dropped": profile}))
    rows = []
    for message in messages:
        reading = reader.read_or_give_up(message)
        forms_read = {application.form for application in reading.applications}
        why = held(reading)
        if reading.sender and forms_read - {profile.name}:
            why.insert(
                0,
                f"{reading.sender}「{reading.subject}」: この様式の送信元・件名ではありません / not by this form's sender and subject",
            )
        rows.append(
            {"file": message.name, "form": ", ".join(sorted(forms_read)), "outcome": reading.outcome, "held": why}
        )
    return rows


def _tell(rows: Sequence[Mapping[str, Any]], *, as_json: bool) -> int:
    """Show what would hold each message; 1 when anything would."""
    if as_json:
        print_json(rows)
    else:
        cells = [
            (row["file"], row["form"], "\n".join(row["held"]) or "保留の理由なし / nothing holds it") for row in rows
        ]
        people().print(table("", ["file", "form", "held for"], cells))
    return 1 if any(row["held"] for row in rows) else 0
