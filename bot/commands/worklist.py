"""``worklist`` and ``worklist import``: issuing by hand, while the console's screens or the bot are broken."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path

from bot import __version__
from bot.commands.opening import must_say, open_workshop
from bot.commands.output import Bars, people, print_json, say, table
from bot.console.port import Console
from bot.errors import AlreadyRunning, BadUsage, BotError, Problem
from bot.ledger.ledger import Ledger
from bot.ledger.records import Event
from bot.operation.worklist.answers import Answers, read_answers
from bot.operation.worklist.book import Cover, write
from bot.operation.worklist.importing import Imported, Importing
from bot.operation.worklist.items import Item
from bot.operation.worklist.taking import EXPORT, Taking
from bot.wiring import Workshop
from bot.wiring.worklists import importing, taking

#: So many mistakes are shown one by one.
_SHOWN = 100


@dataclass(frozen=True, kw_only=True)
class Given:
    """A list that was given out; without items there is no file."""

    name: str
    items: Sequence[Item]
    sha256: str | None


def take(to: Path | None, config: Path, overrides: Sequence[str], *, by: str, reason: str, as_json: bool) -> int:
    """Write the list of what is to be done by hand; from now on the bot does nothing in the console."""
    must_say({"--by": by, "--reason": reason})
    if to is None or to.suffix.lower() != ".xlsx":
        raise BadUsage([Problem(path="--to", text="say where the list goes: a file that ends in .xlsx")])
    if to.exists():
        raise BadUsage([Problem(path="--to", text=f"{to} is there already: results may be in it; name another file")])
    given = give(open_workshop(config, overrides, quiet=as_json), to, by=by.strip(), reason=reason.strip())
    rows = [
        {"request": item.request.id, "todo": item.todo, "login_id": item.login_id, "note": item.note}
        for item in given.items
    ]
    if as_json:
        file = str(to) if given.items else None
        print_json({"worklist": given.name, "file": file, "sha256": given.sha256, "items": rows})
    elif rows:
        columns = ["request", "to do", "login", ""]
        people().print(table(f"{given.name} → {to}", columns, [list(row.values()) for row in rows]))
        say("the console's part of the work stands still until the list is imported: `worklist import FILE`")
    else:
        say("nothing waits for the console: there is nothing to do by hand, and the bot goes on")
    return 0


def take_back(
    file: Path, config: Path, overrides: Sequence[str], *, by: str, reason: str, as_json: bool, partly: bool
) -> int:
    """Put a clerk's results on record: all of them, or with mistakes none unless ``partly``; 1 when there are any."""
    must_say({"--by": by, "--reason": reason})
    workshop = open_workshop(config, overrides, quiet=as_json)
    done, empty = bring_back(workshop, file, workshop.console, by=by.strip(), reason=reason.strip(), partly=partly)
    if as_json:
        print_json(asdict(done) | {"problems": [str(one) for one in done.problems], "empty": empty})
    else:
        _tell(done, partly=partly)
    return 1 if done.problems or done.left else 0


def give(workshop: Workshop, to: Path, *, by: str, reason: str) -> Given:
    """Give out a list as the file ``to``; raises ``AlreadyRunning`` while a pass has the console in hand."""
    with workshop.recording(by) as ledger:
        return asyncio.run(_given(workshop, ledger, to, reason))


def bring_back(
    workshop: Workshop, file: Path, console: Callable[[], Console], *, by: str, reason: str, partly: bool
) -> tuple[Imported, int]:
    """Take a list back; returns what came of it, and how many rows had no result. Raises ``BadUsage`` for any other file."""
    try:
        content = file.read_bytes()
    except OSError as error:
        raise BadUsage([Problem(path="FILE", text=f"{file} can't be read: {error.strerror}")]) from error
    answers = read_answers(content, name=file.name, zone=workshop.config.zone, now=workshop.clock.now())
    source = {"file": file.name, "sha256": sha256(content).hexdigest()}
    with workshop.alone(), workshop.recording(by) as ledger:
        taking_back = importing(workshop, ledger, console)
        return asyncio.run(_imported(taking_back, answers, reason, source, partly=partly)), answers.empty


async def _given(workshop: Workshop, ledger: Ledger, to: Path, reason: str) -> Given:
    giving = taking(workshop, ledger)
    name = await giving.begin(reason)
    try:
        with workshop.alone():
            found = await giving.mark(name, reason)
            if not found:
                await giving.give_up(f"{name}: nothing to do by hand")
                return Given(name=name, items=(), sha256=None)
            digest = await _written(workshop, giving, to, name, found, reason)
            return Given(name=name, items=found, sha256=digest)
    except AlreadyRunning as error:
        raise AlreadyRunning(
            f"{error}; it is told to leave the console alone: give the command again when it is done"
        ) from None


async def _written(workshop: Workshop, giving: Taking, to: Path, name: str, found: Sequence[Item], reason: str) -> str:
    ledger, settings = giving.ledger, workshop.config.settings
    cover = Cover(
        name=name, city=settings.delivery.city, made_at=workshop.clock.now(), by=ledger.actor, reason=reason,
        version=__version__, newest=await ledger.newest(),
    )  # fmt: skip
    details = {"worklist": name, "file": to.name, "items": len(found)}
    try:
        digest = await asyncio.to_thread(write, to, found, cover, settings.account)
    except BotError as error:
        await ledger.note(Event(action=EXPORT, outcome="failed", reason=str(error), details=details))
        await giving.give_up(f"{name} could not be written")
        raise
    await ledger.note(Event(action=EXPORT, outcome="done", reason=reason, details={**details, "sha256": digest}))
    return digest


async def _imported(
    taking_back: Importing, answers: Answers, reason: str, source: dict[str, str], *, partly: bool
) -> Imported:
    try:
        with Bars() as bars:
            return await taking_back.run(answers, reason, bars, file=source, partly=partly)
    finally:
        await taking_back.sight.close()


def _tell(done: Imported, *, partly: bool) -> None:
    if done.rows:
        rows = [
            (one.row, one.id, one.result, one.before, one.after, "seen" if one.looked else "believed")
            for one in done.rows
        ]
        people().print(table("取込 / taken back", ["row", "id", "result", "before", "after", ""], rows))
    elif not done.known and not done.problems:
        say("no row of the file has a result: fill in 結果, 実施者 and 実施日時, and save it")
    for problem in done.problems[:_SHOWN]:
        say(f"! {problem}")
    if len(done.problems) > _SHOWN:
        say(f"! and {len(done.problems) - _SHOWN} more")
    if done.problems and not partly:
        say("→ nothing was written: mend these rows and import again, or take the others with --partly")
    if done.known:
        say(f"{done.known} rows were taken back before")
    if done.blind:
        say(f"the console was not looked at ({done.blind}): the clerks' word is on record; `reconcile` compares later")
    if done.left:
        say(f"{done.left} items of the list have no result: the console's part stands still until they have one")
    elif done.resumed:
        say("every item has a result: the bot goes on in the console with the next pass")
