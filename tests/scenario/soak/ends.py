"""What must be true when the soak is over, told by the console's users, the mails, logins and the record."""

from __future__ import annotations

import email
import email.policy
import gzip
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from bot.operation.alerts.catalogue import Trouble
from tests.house import LOGIN_LINE, PASSWORD_LINE, Sent, text_of
from tests.scenario.faults.invariants import log_in
from tests.scenario.soak.disturbances import Scene
from tests.scenario.soak.letters import Letters
from tests.scenario.soak.place import Place
from tests.scenario.soak.told import Told, by_chat, by_mail
from tests.scenario.soak.verdict import Line, holds

#: What may be told of beside the disturbances: each mail or request by its name, once.
_BESIDE = {Trouble.UNREADABLE, Trouble.STUCK, Trouble.AT_RISK}


@dataclass(frozen=True, kw_only=True)
class Login:
    """The credential mails of one login, the newest first."""

    login_id: str
    mails: tuple[Sent, ...]


def lines(scene: Scene) -> Iterator[Line]:
    """Yield the verdict on what the bot did; it has stopped."""
    place, letters = scene.place, scene.letters
    found = logins(place)
    yield _requests(place, letters)
    yield _folders(place, letters)
    yield _accounts(place, letters)
    yield _log_ins(place, letters, found)
    yield _passwords(place, found)
    yield _chain(place)
    yield from _alerts(scene)


def logins(place: Place) -> Mapping[str, Login]:
    """Return all credential mails that went out, by login."""
    files = [file for file in place.outbox.iterdir() if ".credentials." in file.name]
    mails: dict[str, list[Sent]] = {}
    for file in sorted(files, key=lambda one: one.stat().st_mtime_ns, reverse=True):
        mail = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
        text = text_of(mail)
        (login_id,), (password,) = LOGIN_LINE.findall(text), PASSWORD_LINE.findall(text)
        sent = Sent(request_id=file.name.partition(".")[0], to=mail["To"], login_id=login_id, password=password)
        mails.setdefault(login_id, []).append(sent)
    return {name: Login(login_id=name, mails=tuple(sent)) for name, sent in mails.items()}


def _requests(place: Place, letters: Letters) -> Line:
    requests = place.ask(lambda ledger: ledger.requests())
    states = {one.application.receipt_no or one.id: one.state for one in requests}
    counts = Counter(one.application.receipt_no or one.id for one in requests)
    expected = {one.receipt: one.state for one in letters.applications}
    wrong = [f"{name} is on record {count} times" for name, count in counts.items() if count > 1]
    wrong += [
        f"{name} is {states.get(name)}, not {state}" for name, state in expected.items() if states.get(name) != state
    ]
    wrong += [f"{name} is on record and nobody sent it" for name in states.keys() - expected.keys()]
    ends = Counter(state.value for state in expected.values())
    told = ", ".join(f"{count} {state}" for state, count in ends.items())
    return holds("each application is one record, in the right state", wrong, f"{len(expected)}: {told}")


def _folders(place: Place, letters: Letters) -> Line:
    """A mail that came twice lies beside the first."""
    there = {folder: len(place.house.files(folder)) for folder in ("inbox", *letters.filed)}
    wanted = {"inbox": 0, **letters.filed}
    wrong = [f"{there[name]} in {name}, not {count}" for name, count in wanted.items() if there[name] != count]
    return holds(
        "each mail has left the inbox, into its folder", wrong, f"{letters.filed.total()}: {dict(letters.filed)}"
    )


def _accounts(place: Place, letters: Letters) -> Line:
    wanted = {f"tw{one.employee.number}" for one in letters.applications if one.state.value != "rejected"}
    there = {user.user_id for user in place.server.users.search("tw")}
    made = Counter(line.target for line in place.server.users.log if line.action == "ユーザー登録")
    wrong = [f"{name} was made {count} times" for name, count in made.items() if count > 1]
    wrong += [f"{name} is missing" for name in wanted - there] + [f"{name} is too many" for name in there - wanted]
    return holds("one account for each employee, made once", wrong, f"{len(there)} accounts")


def _log_ins(place: Place, letters: Letters, found: Mapping[str, Login]) -> Line:
    """The newest mailed password opens the door, no older one; a cancelled login opens none, and credentials went home."""
    gone = {f"tw{number}" for number in letters.gone}
    wanted = {f"tw{one.employee.number}" for one in letters.applications if one.state.value != "rejected"}
    wrong = [f"{name} was never mailed" for name in wanted - found.keys()]
    for login in found.values():
        newest, *older = login.mails
        opens = log_in(place.server, newest, place.days[0]) == "/password"
        window = place.server.users.find(login.login_id)
        if not opens and login.login_id not in gone:
            opens = any(log_in(place.server, newest, day) == "/password" for day in place.days[1:])
        if opens is (login.login_id in gone):
            wrong.append(f"{login.login_id}: the newest password {'opens' if opens else f'does not open {window}'}")
        wrong += [
            f"{login.login_id}: an older password opens"
            for sent in older
            if log_in(place.server, sent, place.days[0]) != "/login"
        ]
        wrong += [
            f"{sent.login_id} went to {sent.to}"
            for sent in login.mails
            if sent.to != f"s{login.login_id[2:]}@city.example.jp"
        ]
    many = sum(len(one.mails) > 1 for one in found.values())
    return holds(
        "the newest mailed password works, no other",
        wrong,
        f"{len(found)} logins, {many} of them renewed, {len(gone)} cancelled",
    )


def _passwords(place: Place, found: Mapping[str, Login]) -> Line:
    canaries = [sent.password for login in found.values() for sent in login.mails] + place.secrets
    wanted = [canary.encode() for canary in canaries]
    files = place.house.left_behind(but=["mailbox/outbox"])
    wrong = [str(file) for file, content in files.items() if any(one in _unpacked(file, content) for one in wanted)]
    megabytes = sum(map(len, files.values())) / 1e6
    return holds(
        "a password stands in its mail alone",
        wrong,
        f"{len(canaries)} looked for in {len(files)} files ({megabytes:.0f} MB)",
    )


def _unpacked(file: Path, content: bytes) -> bytes:
    return gzip.decompress(content) if file.suffix == ".gz" else content


def _chain(place: Place) -> Line:
    verify = place.begin("audit", "verify", "--json")
    status = verify.wait(120)
    said = sorted((place.house.path / "said").glob("*-audit.stdout"))[-1].read_text(encoding="utf-8")
    found = json.loads(said) if said.strip() else {}
    wrong = [] if status == 0 and found.get("ok") else [f"exit {status}: {said}"]
    return holds("the audit chain verifies", wrong, f"{found.get('events')} events")


def _alerts(scene: Scene) -> Iterator[Line]:
    """Each disturbance was told once and its end once, by each way; and nothing that was none."""
    mail, chat = by_mail(scene.place), by_chat(scene.place)
    wrong = [*scene.missed]
    for trouble, count in scene.made.items():
        began = max(mail.begun[trouble], chat.begun[trouble])
        if began != count or mail.over[trouble] != count or chat.over[trouble] > count:
            wrong.append(
                f"{trouble}: made {count} times, told {_counted(trouble, mail)} by mail, {_counted(trouble, chat)} by chat"
            )
    beside = (set(mail.begun) | set(chat.begun)) - set(scene.made) - _BESIDE
    wrong += [f"{trouble} was told, and nothing of the kind was made" for trouble in beside]
    wrong += [f"{trouble} was told again" for trouble in (*mail.reminded, *chat.reminded)]
    told = ", ".join(f"{count} {trouble}" for trouble, count in scene.made.items())
    yield holds(
        "each disturbance is told once, and its end once",
        wrong,
        f"{told}; {mail.begun.total()} in mails, {chat.begun.total()} in the chat",
    )
    # While mails can't go out the chat is told, whatever its level.
    named = sum((told.named.get(Trouble.UNREADABLE, Counter()) for told in (mail, chat)), Counter[str]())
    wrong = [f"{name} was told {count} times" for name, count in named.items() if count > 1]
    sent = scene.letters.sent["unreadable"]
    wrong += [f"{len(named)} of {sent} were told"] if len(named) != sent else []
    yield holds("each unreadable mail is told once", wrong, f"{sent}")


def _counted(trouble: Trouble, told: Told) -> str:
    return f"{told.begun[trouble]} and over {told.over[trouble]}"
