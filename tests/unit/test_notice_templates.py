"""An organisation's own texts: used where they are right, refused before anything is sent where they are not."""

from __future__ import annotations

import html
import re
from pathlib import Path

import pytest

from bot.delivery.compose import Composer
from bot.delivery.html import as_html
from bot.delivery.notice_check import check_notices
from bot.delivery.templates import NAMES, OWN, Templates
from bot.errors import ConfigInvalid
from bot.settings.delivery import DeliverySettings
from bot.settings.mailbox import MailboxSettings
from tests.house import FRIDAY


def composer(folder: Path | None) -> Composer:
    """Return a composer with the texts of a folder."""
    return Composer(mailbox=MailboxSettings(), delivery=DeliverySettings(), templates=Templates(folder))


def test_the_house_s_own_texts_pass() -> None:
    """What comes with the house is complete, in both languages."""
    check_notices(composer(None), FRIDAY)
    assert {file.name.partition(".")[0] for file in OWN.iterdir()} == set(NAMES)


def test_an_own_copy_replaces_one_text_and_no_other(tmp_path: Path) -> None:
    """One file in the folder changes that notice; the rest stays as it came."""
    text = (
        (OWN / "held.ja.txt")
        .read_text(encoding="utf-8")
        .replace("結果はあらためてこのアドレスにお知らせします", "少々お待ちください")
    )
    (tmp_path / "held.ja.txt").write_text(text, encoding="utf-8")
    made = composer(tmp_path)
    check_notices(made, FRIDAY)
    assert "少々お待ちください" in made.templates.render("held", _held(), english=False).body


def _held() -> dict[str, object]:
    return {
        "name": "x", "department": "x", "city": "x", "contact": "x", "prefix": "x", "request_id": "R-1", "receipt_no": "",
        "received_at": FRIDAY, "asked": (), "unclear": (), "to_decide": (), "open": (), "closed": (),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "old", "new", "says"),
    [
        ("credentials", "Subject: ", "Subject: {{ password }} ", "credentials: can't be composed.*password"),
        ("credentials", "{{ login_id }}", "", "does not show tw9999999"),
        ("credentials", "{{ password }}", "", "does not show the password"),
        ("credentials", "{{ contact }}", "https://portal.example.jp/", "holds a link"),
        ("held", "{{ request_id }}", "{{ login_id }}", "held: can't be composed"),
        ("held", "{{ name }}", "{{ name.__class__.__mro__ }}", "held: can't be composed"),
        ("rejected", "{% for item in violations %}", "{% for item in [] %}", "does not show"),
        ("secret", "Subject: ", "", "must begin with one line"),
        ("alert", "{% endif %}", "", "alert"),
    ],
)  # fmt: skip
def test_a_wrong_text_is_refused(tmp_path: Path, name: str, old: str, new: str, says: str) -> None:
    """A password in a subject, a missing field, a link, an unknown name, an attack, broken syntax: each is named."""
    source = (OWN / f"{name}.ja.txt").read_text(encoding="utf-8")
    assert old in source
    (tmp_path / f"{name}.ja.txt").write_text(source.replace(old, new), encoding="utf-8")
    with pytest.raises(ConfigInvalid, match=says):
        check_notices(composer(tmp_path), FRIDAY)


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    """A wrong ``delivery.templates_dir`` is a problem of the settings, not silently the house's texts."""
    with pytest.raises(ConfigInvalid, match="no folder"):
        Templates(tmp_path / "nowhere")


def test_html_says_what_the_text_says() -> None:
    """Every character of the text stands in the page, and none of it as markup."""
    text = "■ 見出し\n  ・<b>&\"'x</b>　全角\n" + "-" * 60 + "\nP@ss<&>1\n"
    page = as_html(text)
    shown = html.unescape(re.sub(r"<[^>]*>", "", page.partition("<body")[2].partition(">")[2]))
    assert shown.split() == text.replace("-" * 60, "").split()
    assert "<b>" not in page
