"""config.yaml: every problem at once with its path, secrets only by reference, defaults as written."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from packaging.version import Version

from bot import __version__
from bot.config import Config, Settings, _text, load, schema
from bot.errors import ConfigInvalid
from bot.secret import Redactor
from bot.settings.forms import FormsSettings
from bot.settings.history import FORMER, Former
from tests.house import ROOT

FIVE = """
timezone: Asia/Tokio
mailbox:
  max_message_mb: -1
console:
  password: hunter2-the-real-one
  step_timeouts: 5
account:
  login_id: "{badge}"
"""


def write(folder: Path, text: str) -> Path:
    """Write a config file."""
    path = folder / "config.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def problems(path: Path, *overrides: str) -> dict[str, str]:
    """Return what is wrong, by path."""
    with pytest.raises(ConfigInvalid) as raised:
        load(path, overrides)
    assert raised.value.exit_status == 2
    return {problem.path: problem.text for problem in raised.value.problems}


def test_five_errors_are_told_at_once(tmp_path: Path) -> None:
    """All problems come together, each under its path, and a literal secret is not repeated."""
    found = problems(write(tmp_path, FIVE))
    assert set(found) == {
        "timezone",
        "mailbox.max_message_mb",
        "console.password",
        "console.step_timeouts",
        "account.login_id",
    }
    assert "hunter2" not in str(found)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("mailbox: [", "line"),
        ("- a\n- b", "mapping"),
        ("timezone: '\udcff'".encode("utf-8", "surrogateescape").decode("latin-1"), "time zone"),
    ],
)
def test_what_is_no_config_is_told_plainly(tmp_path: Path, text: str, says: str) -> None:
    """Broken YAML, a list and nonsense each get a sentence."""
    assert says in " ".join(problems(write(tmp_path, text)).values())


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    """A config that is not there says so, and how to name one."""
    assert "--config" in " ".join(problems(tmp_path / "none.yaml").values())


def test_bytes_that_are_no_text_are_told(tmp_path: Path) -> None:
    """A config in another encoding is refused, not guessed."""
    path = tmp_path / "config.yaml"
    path.write_bytes("timezone: 東京".encode("cp932"))
    assert "UTF-8" in " ".join(problems(path).values())


def test_overrides_are_yaml_and_checked(tmp_path: Path) -> None:
    """--set changes one setting; a wrong one is told with its path."""
    path = write(tmp_path, "")
    assert load(path, ["mailbox.max_message_mb=7"]).settings.mailbox.max_message_mb == 7
    assert set(problems(path, "mailbox", "timezone.x=1", "password.length=3")) == {
        "--set",
        "password.length",
        "timezone",
    }


@pytest.mark.parametrize("value", ["s3cret", "env:", "keyring:noslash", "http://x", "1234"])
def test_a_literal_secret_is_refused(tmp_path: Path, value: str) -> None:
    """Only references to secrets are taken, and what stood there is not repeated."""
    found = problems(write(tmp_path, f"console:\n  password: {value!r}\n"))
    assert set(found) == {"console.password"}
    assert value not in found["console.password"].replace("env:NAME", "").replace("keyring:SERVICE/USER", "")


@pytest.mark.parametrize("path", ["ledger.url", "staff.sql.url", "staff.own_pcs.sql.url"])
@pytest.mark.parametrize(
    "url", ["postgresql://u:s3cret@db/x", "postgresql://u@db/x?password=s3cret", "postgresql://u:s3/c@db/x"]
)
def test_a_password_in_an_address_is_refused_and_not_repeated(tmp_path: Path, path: str, url: str) -> None:
    """It belongs behind a reference; what was written is not told to whoever reads the problem."""
    found = problems(write(tmp_path, ""), f"{path}={url}")
    assert set(found) == {path}
    assert found[path].startswith("a password in url is refused")
    assert "s3c" not in found[path]
    assert "s3/c" not in found[path]


def test_references_lead_to_secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """env: and file: are fetched when needed; one that leads nowhere is told by its name."""
    config, redactor = load(write(tmp_path, "")), Redactor()
    (tmp_path / "pass.txt").write_text("from-a-file\n", encoding="utf-8")
    monkeypatch.setenv("A_PASSWORD", "from-the-environment")
    assert config.resolve("env:A_PASSWORD", redactor).reveal() == "from-the-environment"
    assert config.resolve("file:pass.txt", redactor).reveal() == "from-a-file"
    for reference in ("env:NOT_SET", "file:none.txt"):
        with pytest.raises(ConfigInvalid, match=reference):
            config.resolve(reference, redactor)


def test_a_setting_of_an_earlier_version_is_explained(tmp_path: Path) -> None:
    """Whoever brings an older config reads what the setting is called now, and since when, beside all other problems."""
    found = problems(write(tmp_path, "retention:\n  log_days: 30\n  log_daze: 1\n"))
    text = "was renamed to log.keep_days in version 0.1.0: move its value there"
    assert found == {
        "retention.log_days": text,
        "retention.log_daze": "unknown setting; `config schema` lists the known ones",
    }


def test_a_setting_or_section_that_was_removed_is_explained() -> None:
    """What is gone says so, with what to do in its place."""
    former = {"old.one": Former(since="0.1.0"), "old": Former(since="0.1.0", hint="nothing takes its place")}
    said = [_text({"type": "extra_forbidden", "loc": loc}, former) for loc in (("old", "one"), ("old",))]
    assert said == [
        "was removed in version 0.1.0: take it out",
        "was removed in version 0.1.0: nothing takes its place",
    ]


@pytest.mark.parametrize("path", FORMER)
def test_what_is_said_of_former_settings_is_true(path: str) -> None:
    """The old name is unknown today, the new one is known, and the version is not one that nobody has yet."""

    def known(name: str) -> bool:
        section, *_, key = name.split(".")
        return section in Settings.model_fields and key in type(getattr(Settings(), section)).model_fields

    former = FORMER[path]
    assert not known(path)
    assert known(former.now) if former.now else former.hint
    assert Version(former.since) <= Version(__version__)


def test_zones_never_reach_personal_numbers(tmp_path: Path) -> None:
    """V13: no configuration gives a telework login the zone of personal numbers."""
    assert "account.zones" in problems(write(tmp_path, "account:\n  zones: [LGWAN, 番号利用事務系]\n"))


def test_the_shipped_config_shows_the_defaults() -> None:
    """config.yaml names every section, and its values are those of the code."""
    shipped = load(ROOT / "config.yaml").settings
    raw = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))
    assert set(raw) == set(Settings.model_fields)
    shipped = shipped.model_copy(
        update={"forms": shipped.forms.model_copy(update={"known": FormsSettings().known})}  # they stand in forms/
    )
    for name in Settings.model_fields:
        assert getattr(shipped, name) == getattr(Settings(), name), name


@pytest.mark.parametrize(
    "section", ["mailbox", "forms", "account", "password", "console", "delivery", "ledger", "log", "metrics"]
)
def test_the_shipped_config_names_every_setting(section: str) -> None:
    """Each setting stands in config.yaml, so that nobody must look into the code for it."""
    raw = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))
    assert set(raw[section]) == set(type(getattr(Settings(), section)).model_fields) - {"known"}


def test_the_schema_describes_every_section() -> None:
    """Editors get a schema with the meaning of each setting."""
    made = schema()
    assert set(made["properties"]) == set(Settings.model_fields)
    assert made["$defs"]["MailboxSettings"]["properties"]["path"]["description"]


def test_the_digest_tells_configurations_apart(tmp_path: Path) -> None:
    """Two configurations that differ in one value have different digests, the same twice the same."""
    path = write(tmp_path, "")
    assert load(path).digest == load(path).digest != load(path, ["password.length=20"]).digest


def test_relative_paths_start_at_the_config(tmp_path: Path) -> None:
    """Where the program is called from does not matter."""
    assert Config(settings=Settings(), base=tmp_path).path("var/x") == (tmp_path / "var/x").resolve()


def test_the_consoles_pages_are_below_its_address(tmp_path: Path) -> None:
    """A missing slash at the end would lead to the folder above, so it is added; an address with a query has nothing below it."""
    path = write(tmp_path, "console: {url: 'https://vdi.test/admin'}")
    assert load(path).settings.console.url == "https://vdi.test/admin/"
    assert "without ? and #" in problems(path, "console.url=https://vdi.test/?lang=ja")["console.url"]
