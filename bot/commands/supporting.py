"""``support bundle``: one file for a supporter. Every part that can't be had says why; the others are there."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import zipfile
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

import yaml

from bot.commands.checks import try_all
from bot.commands.opening import must_say, open_workshop
from bot.commands.output import plain, print_json, say
from bot.console.browser import find_browser
from bot.errors import BadUsage, BotError, Problem, Unusable
from bot.ledger.conditions import BY_OPERATOR, conditions, pauses
from bot.ledger.counting import counts, schema_revision
from bot.ledger.ledger import Ledger
from bot.ledger.records import Event
from bot.operation.alerts.turns import kind_of
from bot.operation.support.about import about
from bot.operation.support.lines import last_drift, last_lines
from bot.operation.support.mask import Mask, host_of
from bot.operation.support.people import of_directory, of_ledger
from bot.secret import Secret
from bot.settings.base import is_reference
from bot.wiring import Workshop, user

#: Settings that name people, or that only name where mails go.
_WITHHELD = (("rules", "approval", "deputies"), ("alerts", "mail_to"))
_ACTION = "support.bundle"
_NOT_TOLD = "not told: it may name people, and who they are could not be read"
T = TypeVar("T")


def bundle(
    config: Path, overrides: Sequence[str], *, to: Path, checks: bool, as_json: bool, by: str | None = None
) -> int:
    """Write the file, on record before and after with its SHA-256; 1 when a part of it, or the record, could not be had."""
    if to.suffix != ".zip":
        raise BadUsage([Problem(path="--to", text=f"{to} must end in .zip")])
    if by is not None:
        must_say({"--by": by})
    workshop = open_workshop(config, overrides, quiet=True)
    made = asyncio.run(_Bundle(workshop=workshop).make(checks=checks))
    digest = _written(made, to, (by or user()).strip())
    if as_json:
        print_json({"file": to, "sha256": digest, "parts": sorted(made.parts), "missing": made.missing})
    else:
        say(f"written: {to} ({', '.join(sorted(made.parts))})\nSHA-256 {digest}")
        say("passwords, names, numbers and addresses are masked; look into it before you hand it on")
        for name, why in made.missing.items():
            say(f"! without {name}: {why}")
    return 1 if made.missing else 0


def _written(made: _Bundle, to: Path, who: str) -> str:
    """Write the file between two events in the name of who takes it, and return its SHA-256.

    A ledger that can't be written keeps nothing back: it may be what the supporter is to see. That nothing is on record is told.
    """
    details: dict[str, Any] = {"file": to.name, "parts": sorted(made.parts)}

    def note(outcome: str, reason: str = "") -> None:
        async def work(ledger: Ledger) -> None:
            await ledger.note(Event(action=_ACTION, outcome=outcome, reason=reason, details=details))

        try:
            with made.workshop.recording(who) as ledger:
                asyncio.run(work(ledger))
        except BotError as error:
            made.missing["record on the audit chain"] = str(error)

    note("intended")
    try:
        _write(to, made.parts)
    except BotError as error:
        note("failed", str(error))
        raise
    details["sha256"] = digest = hashlib.sha256(to.read_bytes()).hexdigest()
    note("done")
    return digest


@dataclass(kw_only=True)
class _Bundle:
    """Collects the parts."""

    workshop: Workshop
    parts: dict[str, str] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)
    _secrets: list[Secret] = field(default_factory=list)

    async def make(self, *, checks: bool) -> _Bundle:
        settings, config = self.workshop.config.settings, self.workshop.config
        raw = settings.model_dump(mode="json")
        self._watch(raw)
        ledger = self._try("ledger.json", self.workshop.ledger)
        try:
            mask, known = await self._mask(ledger)
            self._put(
                "config.yaml", lambda: yaml.safe_dump(mask.value(_withheld(raw)), allow_unicode=True, sort_keys=False)
            )
            self._put("about.json", lambda: _json(mask.value(self._about())))
            if ledger and (told := await self._asked(_of_ledger(ledger, self.workshop, texts=known))):
                self.parts["ledger.json"] = _json(mask.value(told))
        finally:
            if ledger:
                ledger.close()
        if checks:
            tried = await try_all(self.workshop, send_test=False)
            shown = tried if known else [replace(one, detail=_NOT_TOLD) for one in tried]
            self.parts["check.json"] = _json(mask.value([one.as_plain() for one in shown]))
        if settings.log.file:
            log = config.path(settings.log.file)
            self._put("log.jsonl", lambda: last_lines(log, mask.value, bare=not known))
        evidence = config.path(settings.console.evidence_dir)
        if known and (drift := self._try("drift.txt", lambda: last_drift(evidence))):
            self.parts["drift.txt"] = mask.text(drift)
        return self

    def _watch(self, raw: object) -> None:
        """Have the redactor know every secret that the settings refer to, for as long as this lives."""
        if isinstance(raw, dict | list):
            for item in raw.values() if isinstance(raw, dict) else raw:
                self._watch(item)
        elif isinstance(raw, str) and is_reference(raw):
            try:
                self._secrets.append(self.workshop.config.resolve(raw, self.workshop.redactor))
            except BotError:
                return  # it leads nowhere: there is nothing to hide

    async def _mask(self, ledger: Ledger | None) -> tuple[Mask, bool]:
        """Return the mask, and whether it knows everybody."""
        directory = self._try("staff directory", self.workshop.directory)
        told = list(of_directory(directory or ()))
        recorded = await self._asked(of_ledger(ledger, self.workshop.clock.now())) if ledger else None
        told += recorded or ()
        console = host_of(self.workshop.config.settings.console.url)
        mask = Mask(told, clean=self.workshop.redactor.clean, keep_host=console, home=str(Path.home()))
        return mask, directory is not None and recorded is not None

    async def _asked(self, question: Awaitable[T]) -> T | None:
        """Ask the ledger, which may open and be damaged all the same."""
        try:
            return await question
        except BotError as error:
            self.missing["ledger.json"] = str(error)
            return None

    def _about(self) -> dict[str, Any]:
        config = self.workshop.config
        browser = self._try("browser", lambda: find_browser(config.settings.console.browser))
        return {"at": plain(self.workshop.clock.now()), "config_digest": config.digest, **about(browser)}

    def _put(self, name: str, make: Callable[[], str]) -> None:
        text = self._try(name, make)
        if text is not None:
            self.parts[name] = text

    def _try(self, name: str, make: Callable[[], Any]) -> Any:  # noqa: ANN401 - whatever is made
        try:
            return make()
        except BotError as error:
            self.missing[name] = str(error)
        except OSError as error:
            self.missing[name] = error.strerror or type(error).__name__
        return None


async def _of_ledger(ledger: Ledger, workshop: Workshop, *, texts: bool) -> dict[str, Any]:
    zone = workshop.config.zone
    wrong = [one for one in await ledger.ask(lambda connection: conditions(connection, zone)) if one.over_at is None]
    counted = await ledger.ask(lambda connection: counts(connection, zone))
    return {
        "schema_revision": await ledger.ask(schema_revision), "audit": asdict(await ledger.verify()),
        "counts": json.loads(_json(asdict(counted))),
        "conditions": [
            {"name": one.kind, "since": one.first_seen, "seen": one.last_seen, "subjects": one.subjects,
             "detail": one.detail if texts and not kind_of(one).personal else ""}
            for one in wrong
        ],
        "pauses": [
            # Why an operator paused it is that person's business.
            {"part": one.part, "since": one.since, "until": one.until, "cause": one.cause,
             "reason": one.reason if texts and one.cause != BY_OPERATOR else ""}
            for one in await ledger.ask(lambda connection: pauses(connection, zone))
        ],
    }  # fmt: skip


def _withheld(raw: dict[str, Any]) -> dict[str, Any]:
    for *sections, name in _WITHHELD:
        target = raw
        for section in sections:
            target = target[section]
        target[name] = f"<{len(target[name])} withheld>"
    return raw


def _json(data: object) -> str:
    return json.dumps(data, ensure_ascii=False, indent=2, default=plain) + "\n"


def _write(to: Path, parts: dict[str, str]) -> None:
    """Write the file for its owner alone; one that is there already is left alone."""
    try:
        descriptor = os.open(to, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise BadUsage([Problem(path="--to", text=f"{to} is there already: name a new file")]) from None
    except OSError as error:
        raise Unusable(f"{to} can't be written ({error.strerror})") from None
    with os.fdopen(descriptor, "wb") as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as made:
        for name, text in sorted(parts.items()):
            made.writestr(name, text)
