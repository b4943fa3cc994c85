"""Reads the form profiles, one YAML file each beside config.yaml: every problem of every file at once."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from bot.errors import ConfigInvalid, Problem
from bot.settings.forms import FormProfile
from bot.text import fold

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,40}")
#: What the ledger calls applications of no known form, and those of a table that was dropped in.
_TAKEN = frozenset({"other", "file"})
_SENDER = re.compile(r"(?:[a-z0-9.!#$%&'*+/=?^_`{|}~-]+@)?(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z0-9-]{2,}")
_KINDS = frozenset({"issue", "reissue", "cancel", "change"})
#: A sentence with a hole that says less than this by itself is almost any sentence.
_FEWEST_LETTERS = 4
_HOLE = "{}"
#: Words by which something is taken back or changed.
_TAKING_BACK = (
    "取消", "取り消", "取下", "取り下", "中止", "キャンセル", "撤回", "破棄", "差戻", "差し戻", "却下", "不承認", "否認", "返却", "無効", "変更",
    "訂正", "差替", "差し替", "延期", "見送", "不要", "やめ",
)  # fmt: skip


def profile_files(folder: Path) -> list[Path]:
    """Return the profiles' files in the order in which they are tried; none where there is no such folder."""
    return sorted(folder.glob("*.yaml"))


def load_profiles(folder: Path) -> tuple[FormProfile, ...]:
    """Return all profiles of a folder; raises ``ConfigInvalid`` with every problem of every file."""
    found: list[FormProfile] = []
    problems: list[Problem] = []
    for file in profile_files(folder):
        try:
            found.append(read_profile(file))
        except ConfigInvalid as error:
            problems += error.problems
    if problems:
        raise ConfigInvalid(problems)
    return tuple(found)


def read_profile(file: Path) -> FormProfile:
    """Return the profile of one file; raises ``ConfigInvalid`` with every problem of it."""
    where = f"{file.parent.name}/{file.name}"
    raw = _parsed(file, where)
    raw.setdefault("name", file.stem)
    profile, faults = checked(raw)
    if raw["name"] != file.stem:
        faults = [Problem(path="name", text=f"{raw['name']!r} must be the file's own name, {file.stem}"), *faults]
    if profile is None or faults:
        raise ConfigInvalid([Problem(path=f"{where}: {fault.path}", text=fault.text) for fault in faults])
    return profile


def checked(raw: Mapping[str, Any]) -> tuple[FormProfile | None, list[Problem]]:
    """Return the profile that was written, where its values have the right types, and everything that is wrong with it."""
    try:
        profile = FormProfile.model_validate(raw)
    except ValidationError as error:
        found = error.errors(include_url=False)
        problems = [Problem(path=".".join(map(str, item["loc"])), text=_text(item)) for item in found]
        wrong = {item["loc"][0] for item in found if item["loc"]}
        rest = {key: value for key, value in raw.items() if key not in wrong}
        # What stands beside the wrong values is looked at too: nobody wants to be told of it tomorrow.
        return None, problems + (checked(rest)[1] if len(rest) < len(raw) and "name" in rest else [])
    return profile, list(faults_of(profile))


def faults_of(profile: FormProfile) -> Iterator[Problem]:
    """Yield what is wrong with a profile beyond the types of its values."""
    if not _NAME.fullmatch(profile.name) or profile.name in _TAKEN:
        yield Problem(path="name", text=f"{profile.name!r}: small letters, digits, - and _ only, and not other or file")
    for sender in profile.senders:
        if not _SENDER.fullmatch(sender.lower()):
            yield Problem(path="senders", text=f"{sender!r} is neither an address nor a domain")
    yield from _twice(profile)
    for part in ("subjects", "sentences"):
        yield from _too_open(part, getattr(profile, part))
    yield from _options(profile)
    for label, states in profile.values.items():
        if not states or not all(state.strip() for state in states):
            yield Problem(
                path=f"values.{label}", text="name the values with which an application stands, none of them empty"
            )


def warnings_of(profile: FormProfile) -> list[str]:
    """Return what a person should look at once: texts that name a withdrawal and are taken for the form's own."""
    texts = [(part, text) for part in ("subjects", "harmless", "sentences") for text in getattr(profile, part)]
    texts += [("values", state) for states in profile.values.values() for state in states]
    found = [f"{part}「{text}」" for part, text in texts if _takes_back(text)]
    return [f"{profile.name}: {one}: 取消・変更を表す語を含みます / it names a withdrawal or a change" for one in found]


def _takes_back(text: str) -> bool:
    return any(word in fold(text) for word in _TAKING_BACK)


def _twice(profile: FormProfile) -> Iterator[Problem]:
    """Yield labels that mean two things."""
    known: dict[str, str] = {}
    for place, label in _labels(profile):
        key = fold(label)
        before = known.setdefault(key, place)
        if not key:
            yield Problem(path=place, text="a label is empty")
        elif before != place:
            yield Problem(path=place, text=f"{label!r} stands under {before} too: one label means one thing")


def _labels(profile: FormProfile) -> Iterator[tuple[str, str]]:
    for name, labels in profile.labels.items():
        yield from ((f"labels.{name}", label) for label in labels)
    for part in ("harmless", "free_text", "values"):
        yield from ((part, label) for label in getattr(profile, part))


def _too_open(part: str, texts: Iterable[str]) -> Iterator[Problem]:
    for text in texts:
        own = "".join(char for char in fold(text.replace(_HOLE, "")) if char.isalnum())
        if not own:
            yield Problem(path=part, text=f"{text!r} would take everything: write what always stands there")
        elif _HOLE in text and len(own) < _FEWEST_LETTERS:
            yield Problem(
                path=part, text=f"{text!r} would take almost everything: at least {_FEWEST_LETTERS} letters beside {{}}"
            )
        elif _HOLE * 2 in text.replace(" ", ""):
            yield Problem(path=part, text=f"{text!r}: one {{}} is enough")
        elif _HOLE in text and _takes_back(text):
            yield Problem(
                path=part,
                text=f"{text!r}: with {{}} it could take something back; write a line that names a withdrawal whole",
            )


def _options(profile: FormProfile) -> Iterator[Problem]:
    for name, options in profile.options.items():
        for option, answer in options.items():
            if not option.strip() or not answer.strip():
                yield Problem(path=f"options.{name}", text=f"{option!r}: {answer!r} says nothing")
            elif name == "kind" and answer not in _KINDS:
                yield Problem(
                    path="options.kind", text=f"{option!r}: {answer!r} is none of {', '.join(sorted(_KINDS))}"
                )


def _parsed(file: Path, where: str) -> dict[str, Any]:
    try:
        raw = yaml.safe_load(file.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise ConfigInvalid([Problem(path=where, text=f"can't be read ({error.strerror})")]) from None
    except UnicodeDecodeError:
        raise ConfigInvalid([Problem(path=where, text="is not UTF-8 text")]) from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f"line {mark.line + 1}: " if mark else ""
        raise ConfigInvalid(
            [Problem(path=where, text=f"{line}not YAML ({getattr(error, 'problem', error)})")]
        ) from None
    if not isinstance(raw, dict):
        raise ConfigInvalid([Problem(path=where, text="must be a mapping, such as title: ...")])
    return raw


def _text(item: Mapping[str, Any]) -> str:
    if item["type"] == "extra_forbidden":
        return f"unknown; known are {', '.join(FormProfile.model_fields)}"
    return f"{item['msg'].removeprefix('Value error, ')} (read: {item['input']!r})"


def described(profiles: Sequence[FormProfile]) -> str:
    """Return the profiles in one line: their names with the beginning of their digests; templates by their names alone."""
    used = [f"{one.name} {one.digest[:12]}" for one in profiles if one.senders]
    templates = [one.name for one in profiles if not one.senders]
    line = ", ".join(used) or "none in use"
    return f"{line}; templates, without senders: {', '.join(templates)}" if templates else line


def written(profile: FormProfile, before: str = "") -> str:
    """Return a profile as YAML: ``before`` with the entries that changed, its comments and all else as they were."""
    values = profile.model_dump(mode="json", exclude_defaults=True, exclude={"name"})
    blocks = _blocks(before)
    was = yaml.safe_load(before) or {} if before.strip() else {}
    for key, value in values.items():
        if key not in was or was[key] != value:
            blocks[key] = _entry(key, value, blocks.get(key, ""))
    for key in was.keys() - values.keys() - {"name"}:
        if was[key]:
            del blocks[key]
    return "".join(blocks.values())


def _blocks(text: str) -> dict[str, str]:
    """Return a YAML mapping's text by its keys, each with the lines up to the next; what stands before the first under \"\"."""
    blocks, key = {"": ""}, ""
    for line in text.splitlines(keepends=True):
        if found := re.match(r"([A-Za-z_]+):", line):
            key = found[1]
        blocks[key] = blocks.get(key, "") + (line if line.endswith("\n") else f"{line}\n")
    return blocks


def _entry(key: str, value: object, before: str) -> str:
    """Return an entry of the mapping; whole lines of comments that stood in it stay behind it."""
    flow = False if isinstance(value, str) else None
    made = yaml.safe_dump({key: value}, allow_unicode=True, sort_keys=False, width=140, default_flow_style=flow)
    comments = [line for line in before.splitlines(keepends=True)[1:] if line.startswith("#")]
    return made + "".join(comments)
