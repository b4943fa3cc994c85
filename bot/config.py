"""Reads config.yaml: every problem at once, each with its path; secrets only by reference."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml
from pydantic import ValidationError, field_validator

from bot.errors import ConfigInvalid, Problem
from bot.form_profiles import load_profiles
from bot.secret import Redactor, Secret
from bot.settings.account import AccountSettings, PasswordSettings
from bot.settings.alerts import AlertSettings
from bot.settings.audit import AuditSettings
from bot.settings.base import HOLDS_SECRET, Section
from bot.settings.console import ConsoleSettings
from bot.settings.delivery import DeliverySettings
from bot.settings.forms import FormsSettings
from bot.settings.history import FORMER, Former
from bot.settings.ledger import LedgerSettings, LogSettings
from bot.settings.mailbox import MailboxSettings
from bot.settings.metrics import MetricsSettings
from bot.settings.operators import OperatorSettings
from bot.settings.retention import RetentionSettings
from bot.settings.rules import CalendarSettings, RulesSettings, StaffSettings
from bot.settings.schedule import ScheduleSettings


class Settings(Section):
    """config.yaml as a whole."""

    timezone: str = "Asia/Tokyo"
    """The city's time zone (IANA name): cutoffs and windows are in it."""
    mailbox: MailboxSettings = MailboxSettings()
    forms: FormsSettings = FormsSettings()
    staff: StaffSettings = StaffSettings()
    rules: RulesSettings = RulesSettings()
    calendar: CalendarSettings = CalendarSettings()
    account: AccountSettings = AccountSettings()
    password: PasswordSettings = PasswordSettings()
    console: ConsoleSettings = ConsoleSettings()
    delivery: DeliverySettings = DeliverySettings()
    schedule: ScheduleSettings = ScheduleSettings()
    alerts: AlertSettings = AlertSettings()
    operators: OperatorSettings = OperatorSettings()
    ledger: LedgerSettings = LedgerSettings()
    audit: AuditSettings = AuditSettings()
    log: LogSettings = LogSettings()
    metrics: MetricsSettings = MetricsSettings()
    retention: RetentionSettings = RetentionSettings()

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (KeyError, ValueError, OSError):
            raise ValueError(f"unknown time zone {value!r}; use an IANA name such as Asia/Tokyo") from None
        return value


@dataclass(frozen=True, kw_only=True)
class Config:
    """The settings with the place they came from; relative paths start there."""

    settings: Settings
    base: Path
    #: Where the form profiles lie, where they were read from files.
    profiles: Path | None = None

    @property
    def zone(self) -> ZoneInfo:
        """The city's time zone."""
        return ZoneInfo(self.settings.timezone)

    @cached_property
    def digest(self) -> str:
        """SHA-256 (hex) of the settings in force: goes into each run's audit event."""
        text = json.dumps(self.settings.model_dump(mode="json"), sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()

    def path(self, value: str) -> Path:
        """Return ``value`` as an absolute path; a relative one starts at config.yaml's directory."""
        return (self.base / Path(value).expanduser()).resolve()

    def resolve(self, reference: str, redactor: Redactor) -> Secret:
        """Fetch the secret behind ``reference`` and have ``redactor`` watch it.

        Raises ``ConfigInvalid`` when the environment variable, file or keyring entry is missing or empty.
        """
        scheme, _, rest = reference.partition(":")
        fetch: Mapping[str, Callable[[str], str | None]] = {
            "env": os.environ.get,
            "file": self._read_secret,
            "keyring": _from_keyring,
        }
        value = fetch[scheme](rest)
        if not value:
            raise ConfigInvalid(
                [Problem(path=reference, text="this reference leads to nothing; set it, then run `check`")]
            )
        return redactor.new(value)

    def _read_secret(self, name: str) -> str | None:
        try:
            return self.path(name).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError):
            return None


def _from_keyring(name: str) -> str | None:
    try:
        import keyring  # noqa: PLC0415 - optional: only sites that keep secrets there install it
    except ImportError:
        return None
    service, _, user = name.partition("/")
    value: str | None = keyring.get_password(service, user)
    return value


def load(path: Path, overrides: Iterable[str] = ()) -> Config:
    """Read ``path`` and apply ``SECTION.KEY=VALUE`` overrides (values are YAML).

    Raises ``ConfigInvalid`` with every problem found, never only the first.
    """
    raw = _parse(path)
    problems = [problem for item in overrides if (problem := _override(raw, item))]
    folder = _add_profiles(raw, path.resolve().parent, problems)
    try:
        settings = Settings.model_validate(raw)
    except ValidationError as error:
        problems.extend(_problems(error))
    if problems:
        raise ConfigInvalid(problems)
    return Config(settings=settings, base=path.resolve().parent, profiles=folder)


def schema() -> dict[str, Any]:
    """Return the JSON schema of config.yaml, for editors."""
    made = Settings.model_json_schema()
    del made["$defs"]["FormsSettings"]["properties"]["known"]  # profiles stand in files of their own
    return made


def _add_profiles(raw: dict[str, Any], base: Path, problems: list[Problem]) -> Path:
    """Put the form profiles into the forms' section, and what is wrong with them to the problems; returns their folder."""
    forms = raw.get("forms") or {}
    if not isinstance(forms, dict):
        return base
    forms = dict(forms)
    if "known" in forms:
        del forms["known"]
        problems.append(
            Problem(
                path="forms.known",
                text="forms stand in forms/NAME.yaml now, one file each; docs/guides/teach-a-form.md",
            )
        )
    folder = (base / Path(str(forms.get("profiles_dir", "forms"))).expanduser()).resolve()
    try:
        forms["known"] = load_profiles(folder)
    except ConfigInvalid as error:
        problems += error.problems
    raw["forms"] = forms
    return folder


def _parse(path: Path) -> dict[str, Any]:
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise ConfigInvalid(
            [Problem(path="", text=f"{path} can't be read ({error.strerror}); name one with --config")]
        ) from None
    except UnicodeDecodeError:
        raise ConfigInvalid([Problem(path="", text=f"{path} is not UTF-8 text")]) from None
    except yaml.YAMLError as error:
        where = getattr(error, "problem_mark", None)
        line = f", line {where.line + 1}" if where else ""
        raise ConfigInvalid(
            [Problem(path="", text=f"{path}{line}: not YAML ({getattr(error, 'problem', error)})")]
        ) from None
    if raw is None:
        return {}
    if not isinstance(raw, dict):
        raise ConfigInvalid([Problem(path="", text=f"{path} must be a mapping of sections")])
    return raw


def _override(raw: dict[str, Any], item: str) -> Problem | None:
    name, equals, value = item.partition("=")
    keys = name.strip().split(".")
    if not equals or not all(keys):
        return Problem(path="--set", text=f"{item!r} is not SECTION.KEY=VALUE")
    target = raw
    for key in keys[:-1]:
        step = target.setdefault(key, {})
        if not isinstance(step, dict):
            return Problem(path="--set", text=f"{name} goes through a value that is not a section")
        target = step
    try:
        target[keys[-1]] = yaml.safe_load(value)
    except yaml.YAMLError:
        return Problem(path="--set", text=f"{name}: the value is not YAML")
    return None


def _problems(error: ValidationError) -> Sequence[Problem]:
    return [Problem(path=_dotted(item["loc"]), text=_text(item)) for item in error.errors(include_url=False)]


def _dotted(location: Iterable[int | str]) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location).lstrip(".")


#: What stands in a field that wants a reference, or in an address that must have no password, may be the secret itself: it is
#: not repeated.
_SECRETIVE = frozenset({"password", "apprise", "ping_url", "evidence_url"})


def _text(item: Mapping[str, Any], former: Mapping[str, Former] = FORMER) -> str:
    if item["type"] == "extra_forbidden":
        path = _dotted(item["loc"])
        if path in former:
            return former[path].explained()
        return "unknown setting; `config schema` lists the known ones"
    message: str = item["msg"].removeprefix("Value error, ")
    secret = item["type"] == HOLDS_SECRET or _SECRETIVE & set(item["loc"])
    return message if secret else f"{message} (read: {item['input']!r})"
