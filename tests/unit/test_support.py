"""The file for a supporter: everything that is needed, no secret, and nobody."""

from __future__ import annotations

import asyncio
import hashlib
import json
import sqlite3
import time
import zipfile
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.commands import supporting
from bot.errors import BadUsage
from bot.ledger import conditions
from bot.ledger.conditions import Condition, Part, Pause
from bot.ledger.ledger import Ledger
from bot.operation.alerts.catalogue import Trouble
from bot.operation.support.mask import ADDRESS, PERSON, Mask
from tests.house import FRIDAY, House
from tests.ledger_kit import recorded

SECRETS = ("canary-mailbox-7Q", "canaryhooktoken", "canary-db-pw")
#: An employee of the directory, one who only applied, an operator, with what they are reached by.
PERSONS = ("髙橋", "みのり", "0048213", "上野原", "吉澤", "yoshizawa", "minori.t")


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> House:
    """A house whose settings lead to secrets, and that has worked for a while."""
    monkeypatch.setenv("A_MAILBOX_PASSWORD", SECRETS[0])
    monkeypatch.setenv("A_HOOK", f"https://hooks.example.jp/T000/{SECRETS[1]}")
    changes: Mapping[str, Mapping[str, Any]] = {
        "mailbox": {"imap": {"password": "env:A_MAILBOX_PASSWORD"}},
        "alerts": {"apprise": ["env:A_HOOK"], "mail_to": ["yoshizawa@city.example.jp"]},
        "console": {"password": "env:LEADS_NOWHERE"},
        "rules": {"approval": {"deputies": {"0048213": ["0051207"]}}},
    }
    house = House(path=tmp_path / "house").lay_out(changes)
    lines = [
        {"message": f"could not log in with {SECRETS[0]}", "time": FRIDAY.isoformat()},
        {
            "message": "髙橋　みのり (tw0048213) <minori.t@city.example.jp>: 高橋みのり",
            "trace": "上野原 KeyError: '0048213'",
        },
        {"message": f"POST https://hooks.example.jp/T000/{SECRETS[1]} by 吉澤"},
        {"message": f"postgresql://reader:{SECRETS[2]}@db.example.jp/staff?sslkey=x", "where": "bot.log:clean:7"},
    ]
    log = house.path / "log" / "bot.jsonl"
    log.parent.mkdir()
    log.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), encoding="utf-8")
    drift = house.path / "evidence" / "tw1" / "001-drift.txt"
    drift.parent.mkdir(parents=True)
    drift.write_text("missing: button 登録\n+ text 髙橋 みのり\n", encoding="utf-8")
    return house


async def work(ledger: Ledger) -> None:
    """Have somebody apply, something wrong, and a part paused by a person."""
    await recorded(ledger, "one")
    wrong = Condition(key="drift", kind=Trouble.DRIFT, detail="登録 is gone", first_seen=FRIDAY, last_seen=FRIDAY)
    pause = Pause(part=Part.CONSOLE, cause="operator", since=FRIDAY, by="吉澤", reason="吉澤が電話で確認")
    await ledger.change(lambda connection: conditions.keep_conditions(connection, [wrong], []))
    await ledger.change(lambda connection: conditions.put_pause(connection, pause))


@pytest.fixture
async def worked(house: House) -> House:
    """The same with a ledger."""
    with house.workshop().recording("吉澤") as ledger:
        await work(ledger)
    return house


def parts_of(file: Path) -> dict[str, str]:
    """Return what is in the file, by name."""
    with zipfile.ZipFile(file) as made:
        return {name: made.read(name).decode() for name in made.namelist()}


async def bundled(house: House, tmp_path: Path, *, checks: bool = False) -> dict[str, str]:
    """Make the file in a thread of its own, as the command does in a process of its own."""
    to = tmp_path / "support.zip"
    await asyncio.to_thread(supporting.bundle, house.config, [], to=to, checks=checks, as_json=True)
    return parts_of(to)


async def test_no_secret_and_nobody_is_in_it(worked: House, tmp_path: Path) -> None:
    """No canary, whoever put it into log, settings, ledger or report, is in any part, the results of `check` included."""
    parts = await bundled(worked, tmp_path, checks=True)
    assert set(parts) == {"about.json", "check.json", "config.yaml", "drift.txt", "ledger.json", "log.jsonl"}
    found = [(name, canary) for name, text in parts.items() for canary in (*SECRETS, *PERSONS) if canary in text]
    assert found == []


async def test_what_a_supporter_needs_is_in_it(worked: House, tmp_path: Path) -> None:
    """References, versions, the revision, the verdict on the chain, what is wrong, what stands still, where a line was logged."""
    parts = await bundled(worked, tmp_path)
    settings, ledger, about = (yaml.safe_load(parts[name]) for name in ("config.yaml", "ledger.json", "about.json"))
    assert settings["mailbox"]["imap"]["password"] == "env:A_MAILBOX_PASSWORD"
    assert settings["alerts"]["apprise"] == ["env:A_HOOK"]
    assert settings["console"]["url"] == "http://127.0.0.1:8931/"
    assert (ledger["audit"]["ok"], ledger["counts"]["requests"]["received"]) == (True, 1)
    assert ledger["conditions"][0] | {"since": 0, "seen": 0} == {
        "name": "drift", "since": 0, "seen": 0, "subjects": [], "detail": "登録 is gone",
    }  # fmt: skip
    assert (ledger["pauses"][0]["part"], ledger["pauses"][0]["reason"]) == ("console", "")
    assert {"bot", "python", "system", "browser", "packages"} <= set(about)
    assert "sqlalchemy" in {name.lower() for name in about["packages"]}
    assert "bot.log:clean:7" in parts["log.jsonl"]
    assert "button 登録" in parts["drift.txt"]


async def test_without_the_directory_no_free_text_leaves_the_house(worked: House, tmp_path: Path) -> None:
    """Whoever is not known can't be masked: lines keep when and where, the rest says what is missing."""
    (worked.path / "staff.csv").unlink()
    parts = await bundled(worked, tmp_path)
    assert "drift.txt" not in parts
    lines = [json.loads(line) for line in parts["log.jsonl"].splitlines()]
    assert lines[0] == {"time": FRIDAY.isoformat()}
    assert lines[3] == {"where": "bot.log:clean:7"}


async def test_a_ledger_that_is_broken_does_not_keep_the_rest_back(
    worked: House, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """When the ledger is the trouble, settings and versions are there all the same; that it is not on record is told."""
    ledger = worked.path / "ledger.sqlite3"
    ledger.write_bytes(b"no database at all, whatever it was before" * 40)
    parts = await bundled(worked, tmp_path)
    assert {"config.yaml", "about.json", "log.jsonl"} <= set(parts)
    assert "ledger.json" not in parts
    capsys.readouterr()
    again = tmp_path / "again.zip"
    status = await asyncio.to_thread(supporting.bundle, worked.config, [], to=again, checks=False, as_json=True)
    assert status == 1
    told = json.loads(capsys.readouterr().out)
    assert "record on the audit chain" in told["missing"]


async def test_a_ledger_that_opens_and_is_damaged_keeps_nothing_else_back(worked: House, tmp_path: Path) -> None:
    """Its requests can't be read: the other parts are there, without what only it could have masked."""
    with closing(sqlite3.connect(worked.path / "ledger.sqlite3")) as raw:
        raw.execute("ALTER TABLE requests RENAME TO lost")
    parts = await bundled(worked, tmp_path)
    assert {"config.yaml", "about.json", "log.jsonl"} <= set(parts)
    assert "ledger.json" not in parts


async def test_it_is_on_record_who_took_which_file(worked: House, tmp_path: Path) -> None:
    """Before and after, with the parts and the SHA-256 of the file, in the name of who took it."""
    to = tmp_path / "support.zip"
    await asyncio.to_thread(supporting.bundle, worked.config, [], to=to, checks=False, as_json=True, by="柳沢 明美")
    with worked.workshop().recording(None) as ledger:
        before, after = await ledger.of_action("support.bundle")
    assert (before.event.outcome, after.event.outcome, after.run.actor) == ("intended", "done", "柳沢 明美")
    assert after.event.details == {
        "file": "support.zip", "sha256": hashlib.sha256(to.read_bytes()).hexdigest(),
        "parts": ["about.json", "config.yaml", "drift.txt", "ledger.json", "log.jsonl"],
    }  # fmt: skip
    with pytest.raises(BadUsage, match="--by"):
        supporting.bundle(worked.config, [], to=to, checks=False, as_json=True, by=" ")


async def test_a_file_that_is_there_is_left_alone(worked: House, tmp_path: Path) -> None:
    """Nothing is overwritten, and only its owner may read it."""
    await bundled(worked, tmp_path)
    assert (tmp_path / "support.zip").stat().st_mode & 0o777 == 0o600
    with pytest.raises(BadUsage, match="there already"):
        await bundled(worked, tmp_path)


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("髙橋　みのりさん", f"{PERSON}さん"),
        ("髙橋みのり", PERSON),
        ("髙橋課長", f"{PERSON}課長"),
        ("tw0048213", f"tw{PERSON}"),
        ("100482130", "100482130"),
        ("Ken Sato, Kenji", f"{PERSON}, Kenji"),
        ("Sato", PERSON),
        ("to a.b+c@city.example.jp;", f"to {ADDRESS};"),
        ("https://u:p@x.example.jp/a/b?c=d", "https://<login>@x.example.jp/<path>"),
        ("http://127.0.0.1:8931/users?q=1", "http://127.0.0.1:8931/users?<query>"),
        ("sqlite:///var/ledger.sqlite3?timeout=5", "sqlite:///var/ledger.sqlite3?timeout=5"),
    ],
)
def test_people_are_masked_however_they_are_written(text: str, masked: str) -> None:
    """With and without space, by a part of the name, within a login; a longer number or word is another."""
    mask = Mask(["髙橋　みのり", "0048213", "Ken Sato"], clean=lambda text: text, keep_host="127.0.0.1:8931")
    assert mask.text(text) == masked
    assert mask.value({text: [text, 1, None, True]}) == {masked: [masked, 1, None, True]}


def test_a_hundred_thousand_employees_are_masked_in_seconds() -> None:
    """A prefecture's directory, whose numbers all begin alike, and a log of 200 kB: looked up, not tried one by one."""
    mask = Mask([f"{number:07d}" for number in range(100_000)], clean=lambda text: text)
    began = time.monotonic()
    assert mask.text("tw0048213 0000000 2026-11-25T13:00:00 " * 5_000).count(PERSON) == 10_000
    assert time.monotonic() - began < 10
