"""`form learn` and `form check`: three mails and a person's answers make a profile; what nobody answered for is held."""

from __future__ import annotations

import asyncio
import email.policy
import json
from collections.abc import Callable, Sequence
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.commands import forms
from bot.commands.forms import Said
from bot.errors import BadUsage
from bot.intake.teaching import template_of
from tests.house import PROVEN, ROOT, House

SENDER = "no-reply@form.example.jp"
PEOPLE = (
    ("0001001", "0048213", "髙橋　みのり", "健康福祉部福祉政策課", "2021年8月2日", "議事録の作成"),
    ("0001002", "0033108", "佐藤　健一", "市民部市民課", "2021年8月3日", "統計資料の整理"),
    ("0001003", "0050031", "中村　健", "建設部道路課", "2021年8月4日", "図面の確認"),
)
BODY = """フォームから申請が届きました。

【職員番号】
{1}
【氏名】
{2}
【所管課】
{3}
【在宅の日】
{4}
【当日の予定】
{5}

{3}の申請です。
"""
LABELS = ("所管課=department", "在宅の日=dates", "当日の予定=free_text")
SENTENCES = ("フォームから申請が届きました。", "{}の申請です。")


@pytest.fixture
def house(tmp_path: Path) -> House:
    """A house without forms."""
    return House(path=tmp_path / "house").lay_out({"forms": {"profiles_dir": "forms"}})


def samples(folder: Path, *, extra: str = "", checked: str = "") -> list[Path]:
    """Write the mails of a form."""
    files = []
    for row in PEOPLE:
        mail = EmailMessage(policy=email.policy.SMTP)
        if checked:
            mail["Authentication-Results"] = checked
        mail["Received"] = "from form by mx.city.example.jp; Fri, 30 Jul 2021 09:00:00 +0900"
        mail["Message-ID"], mail["From"], mail["Subject"] = f"<{row[0]}@x>", SENDER, f"在宅申請（受付番号{row[0]}）"
        mail.set_content(BODY.format(*row) + extra)
        files.append(folder / f"{row[0]}.eml")
        files[-1].write_bytes(mail.as_bytes())
    return files


def said(**more: Sequence[str]) -> Said:
    """Return the answers that explain the form."""
    told = {"labels": LABELS, "sentences": SENTENCES, "senders": (SENDER,)} | more
    return Said(by="吉澤", reason="新しい様式", **told)


def learn(house: House, files: Sequence[Path], answers: Said, ask: Callable[[str], str] | None = None) -> int:
    """Teach the form."""
    return forms.learn("home", files, house.config, [], said=answers, as_json=ask is None, ask=ask)


def profile(house: House) -> dict[str, Any]:
    """Return what was written."""
    made: dict[str, Any] = yaml.safe_load((house.path / "forms" / "home.yaml").read_text(encoding="utf-8"))
    return made


def events(house: House) -> list[tuple[str, str, Any]]:
    """Return what stands on the chain: action, outcome and details."""
    ledger = house.workshop().ledger()
    try:
        found = asyncio.run(ledger.events())
    finally:
        ledger.close()
    return [(one.event.action, one.event.outcome, one.event.details) for one in found]


def test_three_mails_and_their_answers_make_a_form(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    """Labels, sentences, subject and sender stand in the profile, and nothing of the mails is held any longer."""
    assert learn(house, samples(house.path), said(trusted=("applied_at",))) == 0
    assert [row["held"] for row in json.loads(capsys.readouterr().out)] == [[], [], []]
    assert profile(house) == {
        "title": "home", "senders": [SENDER], "subjects": ["在宅申請(受付番号{})".replace("(", "（").replace(")", "）")],
        "labels": {"department": ["所管課"], "dates": ["在宅の日"]}, "free_text": ["当日の予定"],
        "sentences": list(SENTENCES), "trusted": ["applied_at"],
    }  # fmt: skip
    (known,) = house.workshop().forms().known
    (intended, done) = events(house)
    assert [one[:2] for one in (intended, done)] == [("form.learn", "intended"), ("form.learn", "done")]
    assert (done[2]["before"], done[2]["after"], done[2]["form"]) == (None, known.digest, "home")


def test_what_nobody_answered_for_is_listed_and_nothing_is_written(house: House) -> None:
    """Without a terminal everything that is open is told at once, each with the option that answers it."""
    with pytest.raises(BadUsage) as raised:
        learn(house, samples(house.path), Said(by="吉澤", reason="試す"))
    assert [problem.path for problem in raised.value.problems] == [
        SENDER, "所管課", "在宅の日", "当日の予定", "フォームから申請が届きました。", "{}の申請です。",
    ]  # fmt: skip
    assert all("--" in problem.text for problem in raised.value.problems)
    assert not (house.path / "forms").exists()


def test_a_line_that_stays_held_holds(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    """What a person leaves open is no part of the profile, and the mails wait for it."""
    files = samples(house.path, extra="8月3日は中止になりました\n")
    assert learn(house, files, said(held=("8月3日は中止になりました",))) == 1
    held = [row["held"] for row in json.loads(capsys.readouterr().out)]
    assert all("中止になりました" in " ".join(why) for why in held)
    assert "8月3日は中止になりました" not in profile(house)["sentences"]


def test_a_person_is_asked_about_each(house: House) -> None:
    """On a terminal the sender, each label, each sentence and the writing are asked; Enter leaves it held, and rubbish asks again."""
    given = iter(["y", "department", "dates", "rubbish", "free_text", "y", "{}からの申請です。", "{}の申請です。", "y"])
    asked: list[str] = []

    def ask(question: str) -> str:
        asked.append(question)
        return next(given)

    assert learn(house, samples(house.path), Said(by="吉澤", reason="新しい様式"), ask) == 0
    assert next(given, None) is None
    assert SENDER in asked[0]
    assert "「所管課」（3/3 通）: 健康福祉部福祉政策課 / 市民部市民課 / 建設部道路課" in asked[1]
    assert profile(house)["sentences"] == list(SENTENCES)


def test_nothing_is_written_without_a_yes(house: House) -> None:
    """Whoever leaves the last question open has changed nothing."""
    assert learn(house, samples(house.path), said(), lambda _: "") == 1
    assert not (house.path / "forms").exists()


def test_a_proven_sender_is_taken_without_a_question(house: House) -> None:
    """Where our own mail server vouches for all mails, nobody has to."""
    house.lay_out({"forms": {"profiles_dir": "forms", **PROVEN}})
    proven = "mx.city.example.jp; dmarc=pass (p=reject dis=none) header.from=form.example.jp"
    assert learn(house, samples(house.path, checked=proven), said(senders=())) == 0
    assert profile(house)["senders"] == [SENDER]


def test_learning_more_keeps_what_was_known(house: House) -> None:
    """A profile with comments grows; a label that is said to be another thing is moved, not doubled."""
    files = samples(house.path)
    learn(house, files, said())
    path = house.path / "forms" / "home.yaml"
    path.write_text(f"# ours\n{path.read_text(encoding='utf-8')}", encoding="utf-8")
    before = house.workshop().forms().known[0].digest
    assert learn(house, files, said(labels=("当日の予定=harmless",), sentences=())) == 0
    assert path.read_text(encoding="utf-8").startswith("# ours\n")
    assert (profile(house)["harmless"], "free_text" in profile(house)) == (["当日の予定"], False)
    assert profile(house)["labels"] == {"department": ["所管課"], "dates": ["在宅の日"]}
    assert events(house)[-1][2]["before"] == before


@pytest.mark.parametrize(
    ("wrong", "option"),
    [
        ({"labels": ("所管課",)}, "--as"), ({"labels": ("所管課=課",)}, "--as"), ({"states": ("x",)}, "--state"),
        ({"options": ("区分:利用終了",)}, "--option"), ({"options": ("区分:利用終了=cancel",)}, "--option"), ({"sentences": ("{}",)}, "sentences"),
        ({"options": ("kind:利用終了=終了",)}, "options.kind"),
    ],
)  # fmt: skip
def test_an_answer_that_means_nothing_is_refused(house: House, wrong: dict[str, tuple[str, ...]], option: str) -> None:
    """A typing mistake never makes a profile."""
    answers = said(**{name: (*getattr(said(), name), *values) for name, values in wrong.items()})
    with pytest.raises(BadUsage) as raised:
        learn(house, samples(house.path), answers)
    assert option in {problem.path for problem in raised.value.problems}


def test_check_says_what_would_be_held(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    """A new mail of the form is well, one with a line more is not; both looks are on the chain with the digest."""
    files = samples(house.path)
    learn(house, files, said())
    capsys.readouterr()
    assert forms.check("home", files, house.config, [], by="", reason="", as_json=True) == 0
    odd = samples(house.path, extra="明日は出勤します\n")[:1]
    capsys.readouterr()
    assert forms.check("home", odd, house.config, [], by="吉澤", reason="", as_json=True) == 1
    (row,) = json.loads(capsys.readouterr().out)
    assert "本文" in row["held"][0]
    assert "明日は出勤します" in row["held"][0]
    known = house.workshop().forms().known[0].digest
    assert [(action, details["after"]) for action, _, details in events(house)[2:]] == [("form.check", known)] * 2


def test_check_says_that_a_mail_is_not_of_the_form(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    """A mail by another sender is read without the profile, whatever it says; a form that nobody taught is told."""
    files = samples(house.path)
    learn(house, files, said())
    other = house.path / "other.eml"
    other.write_bytes(files[0].read_bytes().replace(SENDER.encode(), b"a@other.example.jp"))
    capsys.readouterr()
    assert forms.check("home", [other], house.config, [], by="", reason="", as_json=True) == 1
    assert "送信元" in json.loads(capsys.readouterr().out)[0]["held"][0]
    with pytest.raises(BadUsage, match="form learn none"):
        forms.check("none", files, house.config, [], by="", reason="", as_json=True)


@pytest.mark.parametrize(
    ("texts", "template"),
    [
        (("受付番号0001です", "受付番号0012です"), "受付番号{}です"), (("福祉課の申請です。", "道路課の申請です。"), "{}の申請です。"),
        (("同じ文", "同じ 文"), "同じ文"), (("全く違う", "別の行"), None), (("8/2 を", "8/3 を"), None), (("申請Aさんです。", "申請Bさんです。"), "申請{}さんです。"),
    ],
)  # fmt: skip
def test_a_hole_takes_whole_words(texts: tuple[str, str], template: str | None) -> None:
    """What differs is a hole, whole numbers and words at a time; lines that share next to nothing are no sentence."""
    assert template_of(texts) == template


def test_the_guide_shows_what_happens(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    """Its questions are those that are asked of its three mails, in their order, and its fourth mail is held as it says."""
    guide = (ROOT / "docs" / "guides" / "teach-a-form.md").read_text(encoding="utf-8")
    shown = [line.strip() for line in guide.splitlines()]
    mails = [ROOT / "tests" / "cases" / "forms" / f"{number}.eml" for number in range(1, 5)]
    given = iter(["y", "department", "dates", "place", "free_text", "harmless", "y", "y", "y", "y"])

    def ask(question: str) -> str:
        answer = next(given)
        if "に書きますか" not in question:
            first = shown.index(question.splitlines()[0].strip() + ("" if "\n" in question else f" {answer}"))
            assert [line.strip() for line in f"{question}{answer}".splitlines()] == shown[
                first : first + len(question.splitlines())
            ]
        return answer

    template = house.path / "forms" / "logo-form.yaml"
    template.parent.mkdir()
    template.write_bytes((ROOT / "forms" / "logo-form.yaml").read_bytes())
    answers = Said(by="吉澤", reason="新しい様式")
    assert forms.learn("logo-form", mails[:3], house.config, [], said=answers, as_json=False, ask=ask) == 0
    assert next(given, None) is None
    capsys.readouterr()
    assert forms.check("logo-form", mails[3:], house.config, [], by="", reason="", as_json=False) == 1
    (told,) = [line.strip() for line in capsys.readouterr().out.splitlines() if "4.eml" in line]
    assert told in shown
