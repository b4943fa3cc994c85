"""``correct``: a person puts right what was read of an application, sees what follows, and has it done."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from bot.commands.acts import act_on, unknown
from bot.commands.opening import must_say, open_workshop
from bot.commands.previews import agreed, show_previews, tell_previews
from bot.errors import BadUsage, Problem
from bot.operation import correct as correcting
from bot.operation.acts import Act, Acts
from bot.operation.correct import Correction
from bot.wiring import Workshop


def correct(
    name: str,
    fields: Sequence[str],
    config: Path,
    overrides: Sequence[str],
    *,
    by: str,
    reason: str,
    as_json: bool,
    yes: bool,
) -> int:
    """Show what a correction would do, and do it where the operator agrees."""
    must_say({"--by": by, "--reason": reason})
    stated = _stated(fields)
    workshop = open_workshop(config, overrides, quiet=as_json)
    made = asyncio.run(_correction(workshop, name, by.strip(), stated))
    if not as_json:
        show_previews({name: made.preview})
    if not agreed(yes=yes, as_json=as_json):
        return tell_previews({name: made.preview}, (), as_json=as_json)

    async def verb(acts: Acts, _: str, text: str) -> Act:
        return await correcting.correct(acts, made, text)

    return act_on(workshop, [name], by=by, reason=reason, as_json=as_json, verb=verb)


async def _correction(workshop: Workshop, name: str, by: str, stated: dict[str, str]) -> Correction:
    with workshop.acts(by) as acts:
        try:
            return await correcting.correction(acts, workshop.config.settings.forms, workshop.config.zone, name, stated)
        except KeyError:
            raise unknown(name) from None


def _stated(fields: Sequence[str]) -> dict[str, str]:
    """Return what is stated by field; raises ``BadUsage`` for what is no FIELD=VALUE, and for a field that is named twice."""
    stated: dict[str, str] = {}
    problems = []
    for text in fields:
        name, equals, value = text.partition("=")
        name = name.strip()
        if not equals:
            problems.append(Problem(path=text, text="write FIELD=VALUE, such as dates=12/2,12/3"))
        elif name in stated:
            problems.append(Problem(path=name, text="is stated twice; several days stand in one: dates=12/2,12/3"))
        stated[name] = value
    if problems:
        raise BadUsage(problems)
    return stated
