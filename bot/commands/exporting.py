"""``audit export``: events in a file for spreadsheets and verifiers, with a cover beside it, on record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from bot.commands.audit import looking
from bot.commands.opening import day, open_workshop
from bot.commands.output import Bars, people, print_json, say
from bot.errors import BadUsage, BotError, Problem
from bot.ledger.export import Exported, must_be_possible
from bot.ledger.ledger import Ledger
from bot.ledger.records import Event
from bot.ledger.selection import OUTCOMES, Wanted
from bot.ledger.workbook import LONGEST_CELL
from bot.rules.sheet import number

_ACTION = "audit.export"
_STEP = 1_000  # rows that the display counts as one


@dataclass(frozen=True, kw_only=True)
class Asked:
    """Which events were asked for, as typed."""

    since: str | None
    until: str | None
    employee: str | None
    actor: str | None
    outcome: str | None

    def wanted(self) -> Wanted:
        """Return it understood; raises ``BadUsage`` for what can't be."""
        if self.outcome is not None and self.outcome not in OUTCOMES:
            text = f"{self.outcome!r} is none; known: {', '.join(OUTCOMES)}"
            raise BadUsage([Problem(path="--outcome", text=text)])
        since = day(self.since, "--since") if self.since else None
        until = day(self.until, "--until") if self.until else None
        if since and until and until < since:
            raise BadUsage([Problem(path="--until", text=f"{until} is before --since {since}")])
        employee = number(self.employee) if self.employee is not None else None
        return Wanted(since=since, until=until, employee_no=employee, actor=self.actor, outcome=self.outcome)


def export(
    to: Path,
    asked: Asked,
    config: Path,
    overrides: Sequence[str],
    *,
    as_json: bool,
    encoding: str | None,
    by: str | None,
) -> int:
    """Write the chain, or some of it, to a file, and its cover to ``FILE.cover.txt``."""
    must_be_possible(to, encoding)
    wanted = asked.wanted()
    workshop = open_workshop(config, overrides, quiet=as_json)
    limits = {name: str(value) for name, value in asdict(wanted).items() if value is not None}
    # The number tells of a person: retention takes it out again.
    person = {"employee_no": limits.pop("employee_no")} if "employee_no" in limits else {}

    async def work(ledger: Ledger) -> Exported:
        details: dict[str, Any] = {"file": to.name, "filter": limits, "filtered_by_employee": bool(person)}
        await ledger.note(Event(action=_ACTION, outcome="intended", details=details, person=person))
        try:
            with Bars() as bars:
                bars.start("監査記録を書き出す / exporting", await ledger.size() // _STEP or 1)
                made = await ledger.export(to, wanted, encoding=encoding, tell=bars.step)
        except BotError as error:
            await ledger.note(
                Event(action=_ACTION, outcome="failed", reason=str(error), details=details, person=person)
            )
            raise
        details |= {"rows": made.rows, "sha256": made.sha256}
        await ledger.note(Event(action=_ACTION, outcome="done", details=details, person=person))
        return made

    made = looking(workshop, by, work)
    cover = to.with_name(f"{to.name}.cover.txt")
    cover.touch(mode=0o600)  # the employee it was filtered by stands in it
    text = cover_text(made, {**limits, **person}, workshop.clock.now(), workshop.run().version)
    cover.write_text(text, encoding="utf-8-sig")
    _tell(made, cover, as_json=as_json)
    return 0


def _tell(made: Exported, cover: Path, *, as_json: bool) -> None:
    if as_json:
        row = asdict(made)
        print_json({**row, "cover": str(cover), "unwritable": [_lost(one) for one in row["unwritable"]]})
    else:
        lines = (f"{made.rows} events → {made.file}", f"SHA-256 {made.sha256}", f"cover   {cover}")
        people().print("\n".join(lines), markup=False, soft_wrap=True)
    if made.unwritable:
        say(f"! {len(made.unwritable)} characters could not be written as they are; the cover lists them")


def cover_text(made: Exported, limits: dict[str, str], now: datetime, version: str) -> str:
    """Return the cover of an export: what the file is, how to tell that it is still the same, and what is not in it as it was."""
    chosen = ", ".join(f"{name} {value}" for name, value in limits.items()) or "なし（全件） / none: the whole chain"
    lines = [
        "監査記録の写し / Copy of the audit record", "",
        f"ファイル / file            : {made.file.name}",
        f"SHA-256                    : {made.sha256}",
        f"件数 / rows                : {made.rows}",
        f"条件 / filter              : {chosen}",
        f"記録の件数 / chain         : {made.events}",
        f"先頭のハッシュ / head      : {made.head}",
        f"作成 / made at             : {now.isoformat(timespec='seconds')}",
        f"版 / version               : {version}",
        "検証 / verifiable          : "
        + ("docs/auditor/verify_audit.py で検証できます / yes, with docs/auditor/verify_audit.py" if made.verifiable else
           "単独では検証できません（全件の .jsonl が必要） / not by itself: that takes the whole chain as .jsonl"),
    ]  # fmt: skip
    if made.cut:
        lines.append(f"長すぎたセル / cut cells   : {made.cut} (Excel: {LONGEST_CELL})")
    if made.unwritable:
        lines += ["", "この文字コードで書けなかった文字 / characters that the encoding does not have:"]
        lines += [
            f"  {one.character} {one.code} → {one.written or '（省略 / left out）'} ×{one.count}  seq {', '.join(map(str, one.events))}"
            for one in made.unwritable
        ]
    return "\r\n".join(lines) + "\r\n"


def _lost(one: dict[str, Any]) -> dict[str, Any]:
    return {**one, "code": f"U+{ord(one['character']):04X}"}
