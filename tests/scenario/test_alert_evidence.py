"""Alerts say where the evidence lies, as a link an operator can open, and show nobody's number to a chat service."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from bot.console.memory import Fault, MemoryConsole
from bot.console.port import Evidence
from bot.errors import ConfigInvalid, ConsoleDrift
from bot.model import Account, AccountSpec
from bot.operation.alerts.evidence import Links, names_somebody
from bot.secret import Secret
from tests.acts_kit import one
from tests.alerts_kit import Bot, apply, chat_service, told
from tests.house import House

URL = "TELEWORK_BOT_TEST_CHAT"
BASE = "https://files.city.example.jp/evidence/"
SETTLE = {"settle": 0.3}


def evidence_of(house: House) -> Path:
    """Return where a house keeps evidence."""
    config = house.workshop().config
    return config.path(config.settings.console.evidence_dir)


class Drifting(MemoryConsole):
    """Shows another screen than expected when an account is looked for, or made, and keeps pictures of it."""

    def __init__(self, folder: Path, verb: str = "find") -> None:
        super().__init__()
        self._folder, self._verb = folder, verb
        self._pictures: list[Evidence] = []

    async def find(self, login_id: str) -> Account | None:
        """Fail here, or find it."""
        if self._verb == "find":
            self._fail(login_id)
        return await super().find(login_id)

    async def create(self, spec: AccountSpec, secret: Secret) -> Account:
        """Fail here."""
        self._fail(spec.login_id)
        return await super().create(spec, secret)

    def _fail(self, login_id: str) -> None:
        """Fail with evidence, in a folder named after the login."""
        error = ConsoleDrift(self._verb, "button '検索'", self._folder / login_id / "001-find-failed.png")
        error.report = self._folder / login_id / "002-drift.html"
        self._pictures += [
            Evidence(step="find", path=path, sha256="0") for path in (error.evidence, error.report) if path
        ]
        raise error

    def take_evidence(self) -> Sequence[Evidence]:
        """Return what was kept."""
        kept, self._pictures = self._pictures, []
        return kept


def test_a_screen_that_changed_is_linked(tmp_path: Path) -> None:
    """The report of a drift is named below the configured address in both languages, escaped and whole; the path is not."""
    house = House(path=tmp_path).lay_out({"console": SETTLE, "alerts": {"evidence_url": BASE}})
    error = ConsoleDrift("login", "button 'ログイン'")
    error.report = evidence_of(house) / "probe" / "002 画面 #1.html"
    console = MemoryConsole()
    console.fail_next(Fault(verb="probe", error=error))
    apply(house)
    Bot(house, console).run()
    (mail,) = told(house)
    assert mail.text.count(f"{BASE}probe/002%20%E7%94%BB%E9%9D%A2%20%231.html\r\n") == 2
    assert str(tmp_path) not in mail.text


@pytest.mark.parametrize("verb", ["find", "create"])
def test_a_request_that_got_stuck_is_linked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, verb: str) -> None:
    """The drift and the stuck request both name the report; the chat, which is somebody else's, gets no path and no number."""
    with chat_service() as chat:
        monkeypatch.setenv(URL, chat.url)
        alerts = {"evidence_url": BASE, "apprise": [f"env:{URL}"]}
        house = House(path=tmp_path).lay_out({"console": SETTLE, "alerts": alerts})
        apply(house)
        Bot(house, Drifting(evidence_of(house), verb)).run()
    (mail,) = told(house)
    number = one(house).application.employee_no or ""
    assert mail.text.count(f"{BASE}tw{number}/002-drift.html\r\n") == 4
    assert f"step '{verb}'" in mail.text
    (post,) = chat.posted
    assert one(house).id in post["message"]
    assert number not in post["message"]
    assert "status で見られます" in post["message"]


def test_without_an_address_the_path_is_told(tmp_path: Path) -> None:
    """The absolute path stands in the mail, so that whoever is at the machine opens it."""
    house = House(path=tmp_path).lay_out({"console": SETTLE})
    folder = evidence_of(house)
    apply(house)
    Bot(house, Drifting(folder)).run()
    (mail,) = told(house)
    assert mail.text.count(f"{folder}/tw{one(house).application.employee_no}/002-drift.html\r\n") == 4


@pytest.mark.parametrize(
    ("base", "evidence", "link"),
    [
        (BASE, "tw1/001-a.png", f"{BASE}tw1/001-a.png"),
        (BASE.rstrip("/"), "/srv/bot/evidence/tw1/001-a.png", f"{BASE}tw1/001-a.png"),
        ("file://server/share", "a b/1%.html", "file://server/share/a%20b/1%25.html"),
        (BASE, "/etc/passwd", "/etc/passwd"),
        (BASE, "../ledger.sqlite3", "/srv/bot/evidence/../ledger.sqlite3"),
        (None, "tw1/001-a.png", "/srv/bot/evidence/tw1/001-a.png"),
        (None, "tw1/001 a.png", "file:///srv/bot/evidence/tw1/001%20a.png"),
    ],
)
def test_links(base: str | None, evidence: str, link: str) -> None:
    """What lies in the evidence folder is linked below the address, all else is named by its path; each is one word."""
    assert Links(directory=Path("/srv/bot/evidence"), base=base)(evidence) == link


def test_only_folders_of_logins_name_somebody() -> None:
    """A visit of all screens shows nobody; a login may show an employee number."""
    assert [names_somebody(path) for path in ("", "probe/1.png", "/srv/evidence/list/1.png", "tw0041120/1.png")] == [
        False, False, False, True,
    ]  # fmt: skip


@pytest.mark.parametrize(
    "value",
    [
        "https://bot:hunter2@files.example.jp/", "https://files.example.jp/?key=hunter2", "ftp://files.example.jp/",
        "files.example.jp", "https://files.example.jp/証跡/", "https://files.example.jp/a b/", "file:relative",
    ],
)  # fmt: skip
def test_an_address_that_would_show_a_password_is_refused(tmp_path: Path, value: str) -> None:
    """Every alert shows it: no user, no password, nothing a mail program would break; the value is not repeated."""
    house = House(path=tmp_path).lay_out({"alerts": {"evidence_url": value}})
    with pytest.raises(ConfigInvalid) as raised:
        house.workshop()
    assert [problem.path for problem in raised.value.problems] == ["alerts.evidence_url"]
    assert "hunter2" not in str(raised.value)
