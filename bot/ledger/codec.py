"""Values to text and back: times, canonical JSON, applications and decisions."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime, tzinfo
from enum import Enum
from functools import cache, lru_cache
from typing import Any

from pydantic import TypeAdapter

from bot.clock import aware
from bot.model import Application, Decision

_WIDTH = "%Y-%m-%dT%H:%M:%S.%f+00:00"


def canonical(value: object) -> str:
    """Return ``value`` as canonical JSON: sorted keys, no spaces, no escapes beyond the necessary.

    The audit chain hashes the UTF-8 bytes of this text, so its form may never change.
    """
    return _JSON.encode(value)


def time_to_text(moment: datetime) -> str:
    """Return an aware moment in UTC with microseconds, so that text sorts as time."""
    return aware(moment).astimezone(UTC).strftime(_WIDTH)


@lru_cache(maxsize=4096)
def time_from_text(text: str, zone: tzinfo | None) -> datetime:
    """Return the moment in ``zone``; thousands of logins share the ends of a few days."""
    return datetime.fromisoformat(text).astimezone(zone)


def application_to_text(application: Application) -> str:
    """Return the application as canonical JSON; where each field came from is not kept."""
    plain = _application().dump_python(application, mode="json", exclude={"origins"})
    return canonical(plain)


def application_from_text(text: str) -> Application:
    """Return the application."""
    return _application().validate_json(text)


def decision_to_text(decision: Decision) -> str:
    """Return the decision as canonical JSON."""
    return canonical(_decision().dump_python(decision, mode="json"))


def decision_from_text(text: str) -> Decision:
    """Return the decision."""
    return _decision().validate_json(text)


@cache
def _application() -> TypeAdapter[Application]:
    return TypeAdapter(Application)


@cache
def _decision() -> TypeAdapter[Decision]:
    return TypeAdapter(Decision)


def _plain(value: object) -> Any:  # noqa: ANN401 - what json accepts
    if isinstance(value, datetime):
        return aware(value).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, tuple | set | frozenset):
        return sorted(value) if isinstance(value, set | frozenset) else list(value)
    raise TypeError(f"{type(value).__name__} has no place in the ledger")


_JSON = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=_plain, allow_nan=False)
