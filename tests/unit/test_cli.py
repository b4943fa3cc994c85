"""The command line as scripts and people use it: one JSON document, plain errors, the promised exit status."""

from __future__ import annotations

import asyncio
import email
import email.policy
import io
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from bot.commands import benching
from bot.commands.checks import _senders
from bot.console.memory import MemoryConsole
from bot.errors import BadUsage
from tests.house import PROVEN, ROOT, House, text_of


def call(*arguments: str, environment: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Call the command line in a process of its own."""
    command = [sys.executable, "-X", "utf8", "-m", "bot.cli", *arguments]
    variables = {**os.environ, **(environment or {})}
    return subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False, encoding="utf-8", env=variables
    )


def answer(*arguments: str, status: int = 0, environment: Mapping[str, str] | None = None) -> Any:  # noqa: ANN401 - any JSON
    """Call with --json and return the one document on stdout."""
    done = call(*arguments, "--json", environment=environment)
    assert done.returncode == status, done.stderr
    return json.loads(done.stdout)


@pytest.fixture
def house(tmp_path: Path) -> House:
    """A house whose console nobody needs."""
    return House(path=tmp_path / "house").lay_out()


COMMANDS = [
    "demo",
    "run",
    "read",
    "cutoff",
    "requests",
    "show",
    "approve",
    "correct",
    "intake",
    "reject",
    "bench",
    "handover",
    "notices list",
    "notices retry",
    "notices close",
    "worklist",
    "worklist import",
    "digest",
    "check",
    "audit verify",
    "audit head",
    "audit key new",
    "audit list",
    "audit export",
    "report",
    "ledger backup",
    "ledger restore",
    "reconcile",
    "ledger purge",
    "config schema",
    "metrics",
    "support bundle",
]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command: str) -> None:
    """--help of each command says what it does."""
    done = call(*command.split(), "--help")
    assert done.returncode == 0
    assert "Usage" in done.stdout


@pytest.mark.parametrize(
    ("day", "cutoff"),
    [
        ("2021-08-02", "2021-07-30"), ("2021-07-26", "2021-07-21"), ("2021-08-10", "2021-08-06"), ("2021-10-12", "2021-10-11"),
        ("2019-05-07", "2019-04-26"), ("2026-05-07", "2026-05-01"), ("2026-09-24", "2026-09-18"), ("2026-01-05", "2025-12-26"),
        ("2026-11-24", "2026-11-20"),
    ],
)  # fmt: skip
def test_cutoffs_of_the_vectors(day: str, cutoff: str) -> None:
    """`cutoff` gives 13:00 on the business day before (domain.md §3)."""
    (row,) = answer("cutoff", day)
    assert (row["date"], row["open"], row["cutoff"]) == (day, True, f"{cutoff}T13:00:00+09:00")


def test_a_closed_day_has_no_cutoff() -> None:
    """On a holiday nobody can telework, and `cutoff` says why."""
    (row,) = answer("cutoff", "2026-11-23")
    assert (row["open"], row["cutoff"], row["reason"]) == (False, None, "勤労感謝の日")


@pytest.mark.parametrize(
    "arguments",
    [["cutoff", "soon"], ["requests", "--state", "lost"], ["show", "R-1"], ["nonsense"]],
)
def test_wrong_usage_is_status_2(house: House, arguments: list[str]) -> None:
    """What was typed wrong is answered with a sentence and exit status 2."""
    where = [] if arguments[0] == "nonsense" else ["--config", str(house.config)]
    done = call(*arguments, *where)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert done.stderr.strip()


def test_an_error_is_json_too(tmp_path: Path) -> None:
    """With --json even an error is one document on stdout, with what to do."""
    config = tmp_path / "config.yaml"
    config.write_text("mailbox: {path: 5}\nconsole: {password: x}\n", encoding="utf-8")
    found = answer("run", "--config", str(config), status=2)
    assert found["error"] == "ConfigInvalid"
    assert "mailbox.path" in found["message"]
    assert "console.password" in found["message"]
    assert found["advice"]


def bomb() -> bytes:
    """Return a mail of parts nested a thousand deep."""
    head = b"From: a@city.example.jp\r\nSubject: x\r\nMIME-Version: 1.0\r\n"
    opened = b"".join(b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n' % (n, n) for n in range(1000))
    return head + opened + b"Content-Type: text/plain\r\n\r\nx\r\n"


def zipped() -> bytes:
    """Return an archive that is no workbook."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("a.txt", "x")
    return made.getvalue()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("empty.eml", b""),
        ("garbage.eml", bytes(range(256)) * 200_000),
        ("bomb.eml", bomb()),
        ("zip.csv", zipped()),
        ("empty.xlsx", b""),
    ],
)
def test_bad_files_get_a_clear_answer(tmp_path: Path, name: str, content: bytes) -> None:
    """An empty file, 50 MB of garbage, a mail bomb, a zip as CSV: each is unreadable with a reason, in time, status 1."""
    file = tmp_path / name
    file.write_bytes(content)
    (row,) = answer("read", str(file), status=1)
    assert row["outcome"] == "unreadable"
    assert row["reason"]


def test_a_directory_with_a_number_twice_stops_the_run(house: House) -> None:
    """A bad staff directory is named with its rows before any mail is touched."""
    staff = house.path / "staff.csv"
    lines = staff.read_bytes().splitlines(keepends=True)
    staff.write_bytes(b"".join([*lines, lines[1]]))
    house.receive("02")
    done = call("run", "--config", str(house.config), "--set", "console.password=file:config.yaml")
    assert done.returncode == 2
    assert "0048213" in done.stderr
    assert len(house.files("inbox")) == 1


def test_a_dry_run_changes_nothing(house: House) -> None:
    """`run --dry-run` says what would be decided and leaves mailbox and ledger as they were."""
    house.receive("02", "10")
    before = house.left_behind(but=["log"])
    rows = answer("run", "--dry-run", "--config", str(house.config))
    assert {row["employee_no"] for row in rows} == {"0048213", "0099999"}
    after = house.left_behind(but=["log"])
    assert after == before


def test_check_names_what_is_missing(house: House) -> None:
    """`check` tries everything, tells each result, and makes no ledger."""
    rows = answer("check", "--config", str(house.config), "--set", "console.password=env:NOT_SET_ANYWHERE", status=2)
    results = {row["check"]: row["ok"] for row in rows}
    assert results == {
        "config": True, "forms": True, "directory": True, "calendar": True, "notices": True, "senders": True, "mailbox": True, "database": True, "disk": True,
        "browser": True, "console": False, "clock": True, "alerts": True,
    }  # fmt: skip
    assert not (house.path / "ledger.sqlite3").exists()


async def test_check_warns_while_nobody_vouches_for_senders(house: House) -> None:
    """It says what waits for a person meanwhile, in both languages; with a trusted host it names the host."""
    house.lay_out({"rules": {"automatic_kinds": ["issue", "cancel"]}})
    told = await _senders(house.workshop())
    assert all(
        part in told for part in ("警告: forms.trusted_authserv", "warning: ", "cancel of rules.automatic_kinds")
    )
    house.lay_out({"forms": PROVEN})
    assert (
        await _senders(house.workshop())
        == "proven by Authentication-Results of mx.city.example.jp, lgmail.city.example.jp"
    )


@pytest.mark.parametrize("verb", ["approve", "reject"])
def test_an_act_needs_who_and_why(house: House, verb: str) -> None:
    """Without a name or a reason nothing is done; a request that is not there is told, and the list is empty."""
    arguments = [verb, "R-20210730-0001", "--config", str(house.config)]
    assert call(*arguments, "--reason", "x").returncode == 2
    done = call(*arguments, "--by", " ", "--reason", "")
    assert (done.returncode, "--by: say it" in done.stderr, "--reason: say it" in done.stderr) == (2, True, True)
    assert answer(*arguments, "--by", "吉澤", "--reason", "x", status=1) == []


def test_a_rejection_is_told_by_the_command_itself(house: House) -> None:
    """`reject` takes a held request to rejected, mails the reason, and says what it did."""
    house.receive("11")
    asyncio.run(house.run(MemoryConsole()))
    environment = {"TELEWORK_BOT_CONSOLE_PASSWORD": "never-used-Password-1"}
    (row,) = answer(
        "reject", "R-20210730-0001", "--by", "吉澤", "--reason", "氏名が違うため", "--config", str(house.config),
        environment=environment,
    )  # fmt: skip
    assert row == {"id": "R-20210730-0001", "before": "held", "after": "rejected", "proposed": False}
    assert [file.name for file in house.files("outbox") if ".rejected." in file.name]


def test_a_benchmark_prints_its_figures() -> None:
    """`bench reading` measures in one run and prints ratios; people get the same figures as a table beside the document."""
    done = call("bench", "reading", "100", "200")
    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout)
    assert {"per_second", "ratios", "peak_memory_mb"} <= figures.keys()
    assert "per_second.text_read_and_decided" in done.stderr
    assert str(figures["per_second"]["html"]) in done.stderr


@pytest.mark.parametrize("words", [("reading", "20", "20", "--json"), ("--json", "fuzz", "0.001")])
def test_a_benchmark_gives_one_document(words: tuple[str, ...]) -> None:
    """With --json there is one document on stdout, with ratios, and no table; wherever the option stands."""
    done = call("bench", *words)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["ratios"]
    assert "━" not in done.stderr


@pytest.mark.long
@pytest.mark.timeout(300)
def test_the_mailbox_benchmark_gives_one_document() -> None:
    """Real mail servers are started for it; what they say on the way is not in the document."""
    found = answer("bench", "mailbox", "3")
    assert found["ratios"]["idle_poll_to_folder"].keys() == {"folder", "imap", "exchange"}


@pytest.mark.parametrize("name", ["console", "fuzz", "ledger", "mailbox", "reading"])
def test_a_benchmark_takes_numbers(name: str) -> None:
    """A word that is no number, or none that anything can be measured by, is refused before anything is started."""
    for word in ("many", "-1", "0", "nan", "inf"):
        with pytest.raises(BadUsage, match="numbers only"):
            benching.run(name, [word], as_json=True)


def test_a_benchmark_called_wrong_says_so() -> None:
    """With --json it is one document too, status 2: for a name that is none, and for one number too many."""
    assert answer("bench", "nothing", status=2)["message"].endswith("known: console, fuzz, ledger, mailbox, reading")
    assert answer("bench", "reading", "1", "1", "1", status=2)["error"] == "BadUsage"


_NOISY = """
import os, subprocess, sys
from bot.commands.benching import figures_of
def measure(count, part):
    print("on the way")
    os.write(1, b"past Python")
    subprocess.run(["echo", "from a program"], check=True)
    return {"ratios": {"a": count * part}, "name": "\u009b"}
figures_of(measure, 3, 0.5)
"""


def test_only_the_figures_are_on_stdout() -> None:
    """Whatever a benchmark or what it starts prints goes to stderr."""
    done = subprocess.run(
        [sys.executable, "-c", _NOISY, "4"], cwd=ROOT, capture_output=True, text=True, check=True, encoding="utf-8"
    )
    assert json.loads(done.stdout) == {"ratios": {"a": 2.0}, "name": "\x9b"}
    assert {"on the way", "from a program"} <= set(done.stderr.replace("past Python", "").splitlines())


@pytest.mark.timeout(600)  # a dozen processes, one after the other
def test_the_ledger_benchmark_measures_a_small_one() -> None:
    """`bench ledger` fills a ledger whose chain verifies, makes passes on it and on an empty one, and prints their ratio."""
    found = answer("bench", "ledger", "300", "400", "2", "1")
    assert found["ratios"]["run_million_vs_empty"] > 0
    # After those of the past the rows are on the chain as they were found.
    assert found["verify"]["events"] > 400
    assert found["verify"].keys() == {"events", "seconds", "cpu_seconds", "peak_mb"}
    assert {"idle_run", "requests_since", "show", "digest", "purge_dry_run"} <= found["commands"].keys()


def test_the_digest_counts_and_leaves_the_machine(house: House) -> None:
    """`digest --send` tells the day's counts and what waits, and mails them with the chain's head to the operators."""
    house.receive("11", "08", "35")
    asyncio.run(house.run(MemoryConsole()))
    # The day of recording is the fixed clock's; today, nothing was recorded.
    found = answer("digest", "--date", "2021-07-30", "--send", "--config", str(house.config))
    assert (found["messages"], found["requests"], found["chain_ok"]) == (3, {"held": 1, "rejected": 1}, True)
    assert [one["state"] for one in found["waiting"]] == ["held"]
    assert len(found["unreadable"]) == 1
    (mail,) = [file for file in house.files("outbox") if ".digest." in file.name]
    text = text_of(email.message_from_bytes(mail.read_bytes(), policy=email.policy.default))
    assert found["head"] in text
    assert "髙橋" not in text
    assert answer("digest", "--config", str(house.config))["requests"] == {}
    assert answer("audit", "verify", "--head", found["head"], "--config", str(house.config))["ok"]


def test_the_head_of_the_day_goes_to_another_host(house: House) -> None:
    """`digest --send` attaches the signed head and adds it to audit.head_file; `audit verify` believes both, by the public key."""
    key, share = house.path / "key.pem", house.path / "share.jsonl"
    made = answer("audit", "key", "new", "--to", str(key))
    config = ("--config", str(house.config))
    settings = ("--set", "audit.signing_key=file:key.pem", "--set", "audit.head_file=share.jsonl")
    answer("digest", "--send", *config, *settings)
    (file,) = [file for file in house.files("outbox") if ".digest." in file.name]
    mail = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
    (attached,) = mail.iter_attachments()
    assert attached.get_content() == share.read_bytes()
    assert json.loads(share.read_text())["key"] == made["key"]
    printed = answer("audit", "head", "--by", "監査", *config, *settings)
    share.write_text(share.read_text() + json.dumps(printed) + "\n")
    found = answer("audit", "verify", "--heads", str(share), "--key", made["public"], *config)
    assert [one["ok"] for one in found["heads"]] == [True, True]
    share.write_text(json.dumps({**printed, "events": 1}))
    forged = answer("audit", "verify", "--heads", str(share), "--key", made["public"], *config, status=5)
    assert forged["fault"] == "forged"
    failed = answer("digest", "--send", *config, *settings, "--set", "audit.head_file=nowhere/x", status=4)
    assert failed["error"] == "Unusable"
    heads = [
        (one["actor"], one["outcome"]) for one in answer("audit", "list", *config) if one["action"] == "audit.head"
    ]
    assert [outcome for _, outcome in heads] == ["intended", "done", "done", "intended", "failed"]
    assert heads[2][0] == "監査"
