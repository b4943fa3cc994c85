"""The invariants, each checked by what the console, the mailbox and the mails themselves say, not by what the bot says."""

from __future__ import annotations

import email
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.scenario.matrix.facts import CREDENTIALS, Told, chain, newest, on_record, told
from tests.scenario.matrix.worlds import INBOX, World, received

#: The intent that must stand in the chain before the console is written to.
INTENTS = {
    "create": ("account.create",),
    "reset_password": ("password.reset",),
    "edit": ("password.reset", "account.window"),
    "set_window": ("account.window",),
    "enable": ("account.open", "password.reset"),
    "unlock": ("account.open", "password.reset"),
    "disable": ("account.disable", "account.close"),
}
_MAY_COME_AGAIN = frozenset({CREDENTIALS})


def at_once(world: World) -> list[str]:
    """Return what does not hold the moment the bot is dead: nothing may be done, or leave the inbox, before its record."""
    return [*_intents(world), *_records(world)]


def in_the_end(world: World, facts: dict[str, Any], expected: dict[str, Any]) -> list[str]:
    """Return what does not hold once the pass has run again; ``expected`` is how it ends when nobody is killed."""
    differing = [
        f"{name} differ: {_difference(facts[name], expected[name])}"
        for name in expected
        if facts[name] != expected[name]
    ]
    mails = told(world)
    checks = (
        _lost(world, facts),
        _doubled(world, mails),
        _logins(world, mails),
        _home(world, mails),
        _seen(world, mails),
    )
    return [*differing, *at_once(world), *(found for check in checks for found in check)]


def _difference(found: object, wanted: object) -> str:
    if isinstance(found, list) and isinstance(wanted, list):
        here, there = [one for one in found if one not in wanted], [one for one in wanted if one not in found]
        return f"there is {here}, not {there}"
    return f"{found}, not {wanted}"


def _intents(world: World) -> Iterator[str]:
    """7: every write of the console and every mail has its intent in the chain already."""
    events = chain(world)
    intended = Counter((one.action, str(one.details.get("login_id"))) for one in events if one.outcome == "intended")
    written = Counter((verb, login_id) for verb, login_id in world.record())
    for (verb, login_id), count in written.items():
        if count > sum(intended[action, login_id] for action in INTENTS.get(verb, ())):
            yield f"7: the console was written to {count} times ({verb} {login_id}), and so many intents are not on record"
    announced = {str(one.details.get("message_id")) for one in events if one.outcome == "intended"}
    for mail in told(world):
        if mail.message_id not in announced:
            yield f"7: {mail.message_id} went out without an intent on record"


def _records(world: World) -> Iterator[str]:
    """1: what is no longer in the inbox is on record."""
    known = on_record(world)
    for mail in world.filed():
        if mail.folder != INBOX and not {mail.name, mail.message_id} & known:
            yield f"1: {mail.name} is in {mail.folder} and not on record"


def _lost(world: World, facts: dict[str, Any]) -> Iterator[str]:
    """1: every mail that came is in one folder, and none is in the inbox."""
    where = Counter(mail.digest for mail in world.filed())
    if where != received(world.base):
        yield f"1: mails are lost or doubled: {received(world.base) - where} missing, {where - received(world.base)} too many"
    if any(mail.folder == INBOX for mail in world.filed()):
        yield "1: the inbox is not empty"
    if not facts["chain"]:
        yield "7: the chain does not verify"


def _doubled(world: World, mails: list[Told]) -> Iterator[str]:
    """2: one account per employee; everything but credentials is told once."""
    created = Counter(login_id for verb, login_id in world.record() if verb == "create")
    for login_id, count in created.items():
        if count != 1:
            yield f"2: {login_id} was created {count} times"
    if set(created) != set(world.accounts()):
        yield f"2: the console lists {sorted(world.accounts())}, created were {sorted(created)}"
    for (request, kind), count in Counter((one.request, one.kind) for one in mails).items():
        if count > 1 and kind not in _MAY_COME_AGAIN and not _same_mail(world, mails, request, kind):
            yield f"2: {kind} of {request} was told {count} times"


def _same_mail(world: World, mails: list[Told], request: str, kind: str) -> bool:
    """Where the mail server can't be asked what went out, one kill may double a notice: the same one, to be seen as such."""
    names = {one.message_id for one in mails if (one.request, one.kind) == (request, kind)}
    return world.mails_may_double and len(names) == 1


def _logins(world: World, mails: list[Told]) -> Iterator[str]:
    """2, 3: of a login that is in use the newest mailed password works, and no other one does."""
    accounts, last = world.accounts(), newest(world, mails)
    for login_id, (state, _) in accounts.items():
        if state == "active" and login_id not in {one.login_id for one in last}:
            yield f"3: {login_id} is in use and nobody was mailed its password"
    for one in mails:
        if not one.password:
            continue
        wanted = accounts[one.login_id][0] == "active" and one in last
        if world.logs_in(one.login_id, one.password) is not wanted:
            yield f"3: the password in {one.message_id} {'does not log' if wanted else 'still logs'} in"


def _home(world: World, mails: list[Told]) -> Iterator[str]:
    """5: credentials go to the directory's address of the employee whose login it is, and nowhere else."""
    directory = world.house.workshop().directory()
    for one in mails:
        employee = directory.find(one.login_id.removeprefix("tw"))
        if one.password and (employee is None or one.to != employee.mail):
            yield f"5: {one.message_id} went to {one.to}"


def _seen(world: World, mails: list[Told]) -> Iterator[str]:
    """4: no byte that is left behind holds a password, but the mail that carries it."""
    canaries = {one.password.encode() for one in mails if one.password} | {one.encode() for one in world.passwords()}
    carriers = {one.raw.file for one in mails if one.password}
    for file, content in world.house.left_behind().items():
        if file not in carriers and any(canary in content + _decoded(file, content) for canary in canaries):
            yield f"4: a password is in {file.relative_to(world.house.path)}"
    for one in mails:
        if not one.password and any(canary in one.text.encode() for canary in canaries):
            yield f"4: a password is in {one.message_id}"


def _decoded(file: Path, content: bytes) -> bytes:
    """Return what stands in a mail, sent or only half written, as its reader sees it."""
    if file.suffix not in {".eml", ".tmp"}:
        return b""
    bodies = [part.get_payload(decode=True) for part in email.message_from_bytes(content).walk()]
    return b"".join(body for body in bodies if isinstance(body, bytes))
