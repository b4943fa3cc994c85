"""forms/*.yaml: every problem of every file at once, a digest in every decision, and a sentence never wider than it says."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import yaml

from bot.config import load, schema
from bot.errors import ConfigInvalid
from bot.form_profiles import checked, described, load_profiles, warnings_of, written
from bot.intake.reader import Reader
from bot.intake.sentences import Sentences
from bot.model import Message
from bot.settings.forms import FormProfile, FormsSettings
from tests.house import FRIDAY, ROOT, ZONE, House

TWO_BROKEN = {
    "a-form.yaml": "labels: {dates: 3, badge: [x]}\nsenders: ['not an address']\n",
    "b-form.yaml": "name: c-form\nharmless: [所属]\nlabels: {department: [所 属], name: [氏名]}\nfree_text: [氏名]\n",
}
BODY = "職員番号：0048213\n氏名：髙橋　みのり\n利用日：8/2\n"


def write(folder: Path, files: dict[str, str]) -> Path:
    """Write profiles and a config beside them."""
    (folder / "forms").mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / "forms" / name).write_text(text, encoding="utf-8")
    (folder / "config.yaml").write_text("", encoding="utf-8")
    return folder / "config.yaml"


def problems(path: Path, *overrides: str) -> dict[str, str]:
    """Return what is wrong, by path."""
    with pytest.raises(ConfigInvalid) as raised:
        load(path, overrides)
    return {problem.path: problem.text for problem in raised.value.problems}


def faults(**values: object) -> set[str]:
    """Return the paths of everything that is wrong with a profile."""
    return {fault.path for fault in checked({"name": "a", **values})[1]}


def mail(sender: str, subject: str, body: str = BODY) -> Message:
    """Return a mail of a form."""
    text = f"From: {sender}\nSubject: {subject}\nContent-Type: text/plain; charset=utf-8\n\n{body}"
    return Message(locator="x.eml", name="x.eml", received_at=FRIDAY, content=text.encode())


def form_of(profile: FormProfile, sender: str, subject: str) -> str:
    """Return as which form a mail is read where this profile is the only one."""
    reader = Reader(FormsSettings(known=(profile,)), zone=ZONE, own_address="telework-id@city.example.jp")
    (application,) = reader.read(mail(sender, subject)).applications
    return application.form


def test_every_problem_of_every_file_is_told_at_once(tmp_path: Path) -> None:
    """All files are read to their end, and each problem names its file and its place in it."""
    found = problems(write(tmp_path, TWO_BROKEN | {"c.yaml": "labels: [", "d.yaml": "- x"}))
    assert set(found) == {
        "forms/a-form.yaml: labels.dates", "forms/a-form.yaml: labels.badge.[key]", "forms/a-form.yaml: senders", "forms/b-form.yaml: name",
        "forms/b-form.yaml: harmless", "forms/b-form.yaml: free_text", "forms/c.yaml", "forms/d.yaml",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("values", "path"),
    [
        ({"senders": ["a b"]}, "senders"), ({"senders": ["@x.jp"]}, "senders"), ({"senders": ["localhost"]}, "senders"),
        ({"sentences": ["{}"]}, "sentences"), ({"sentences": ["{}。"]}, "sentences"), ({"sentences": ["{} 様"]}, "sentences"),
        ({"sentences": ["{}を取り下げます。"]}, "sentences"), ({"sentences": ["申請番号 {} {} です"]}, "sentences"),
        ({"subjects": ["【{}】"]}, "subjects"), ({"options": {"kind": {"利用終了": "やめる"}}}, "options.kind"),
        ({"options": {"place": {"自宅": " "}}}, "options.place"), ({"values": {"ステータス": []}}, "values.ステータス"),
        ({"labels": {"name": [" "]}}, "labels.name"), ({"name": "Logo Form"}, "name"), ({"name": "other"}, "name"),
    ],
)  # fmt: skip
def test_what_would_take_too_much_is_refused(values: dict[str, object], path: str) -> None:
    """A sender, sentence, option or state that means nothing, or nearly everything, never comes into use."""
    assert faults(**values) == {path}


def test_a_careful_profile_has_no_faults() -> None:
    """Addresses, domains, whole options, states and sentences with holes are taken."""
    assert not faults(
        senders=["noreply@logo.example.jp", "xn--fsq.example.jp"], subjects=["テレワーク申請（{}）"], values={"状態": ["受理済"]},
        sentences=["手続「{}」の申込がありました。", "取消は前日までに連絡してください。"], options={"kind": {"利用終了": "cancel"}},
    )  # fmt: skip


def test_a_sentence_that_names_a_withdrawal_is_warned_of() -> None:
    """It is the form's own text perhaps; a person is asked to look once."""
    profile = FormProfile(
        name="a", sentences=("取消は前日までに連絡してください。", "受け付けました。"), harmless=("取下げ日時",)
    )
    assert ["取消は前日" in warning or "取下げ日時" in warning for warning in warnings_of(profile)] == [True, True]


def test_the_shipped_profiles_are_well_and_say_where_they_come_from() -> None:
    """Each has a title and its source; only the city's own has senders, so that no template is ever in use by itself."""
    known = load_profiles(ROOT / "forms")
    assert len(known) >= 10
    assert all(profile.title and profile.source for profile in known)
    assert [profile.name for profile in known if profile.senders or profile.trusted] == ["e-application"]
    assert not [warning for profile in known for warning in warnings_of(profile)]


def test_forms_in_the_config_are_explained(tmp_path: Path) -> None:
    """Who still writes forms.known reads where they stand now, beside all other problems."""
    path = write(tmp_path, {})
    path.write_text("forms:\n  known: [{name: x}]\n  max_rows: 0\n", encoding="utf-8")
    found = problems(path)
    assert set(found) == {"forms.known", "forms.max_rows"}
    assert "forms/NAME.yaml" in found["forms.known"]
    assert "known" not in schema()["$defs"]["FormsSettings"]["properties"]


def test_profiles_are_tried_in_the_order_of_their_names(tmp_path: Path) -> None:
    """The order does not depend on the file system, and a name is the file's own."""
    config = load(write(tmp_path, {"b.yaml": "title: B\n", "a.yaml": "title: A\n"}))
    assert [profile.name for profile in config.settings.forms.known] == ["a", "b"]
    assert load(write(tmp_path / ".", {"c.yaml": "title: C\n"})).digest != config.digest


def test_a_profile_without_senders_takes_no_mail() -> None:
    """A template trusts nothing and explains nothing, whatever a mail says."""
    assert form_of(FormProfile(name="a", subjects=("テレワーク申請",)), "a@x.example.jp", "テレワーク申請") == "other"


@pytest.mark.parametrize(
    ("subject", "form"),
    [("申請（0001）", "a"), ("【取下げ】申請（0001）", "other"), ("申請（0001）を取消", "other"), ("申請", "other")],
)
def test_a_subject_counts_whole(subject: str, form: str) -> None:
    """A word before or after the form's subject makes it another mail."""
    assert (
        form_of(FormProfile(name="a", senders=("x.example.jp",), subjects=("申請（{}）",)), "a@x.example.jp", subject)
        == form
    )


def test_the_digest_is_that_of_the_content() -> None:
    """Profiles that differ in one word have different digests; where nothing is known it is that of the general settings."""
    one, two = FormProfile(name="a", harmless=("x",)), FormProfile(name="a", harmless=("x",))
    assert one.digest == two.digest != FormProfile(name="a", harmless=("y",)).digest
    assert one == two
    general = FormsSettings()
    assert general.digest == FormsSettings(known=(one,)).digest != FormsSettings(harmless=("x",)).digest
    used = FormProfile(name="a", senders=("x.jp",))
    assert described([used, FormProfile(name="b")]) == f"a {used.digest[:12]}; templates, without senders: b"


def test_a_decision_names_the_form_and_its_digest() -> None:
    """What was read by which profile can be told years later, also where no form is known."""
    profile = FormProfile(name="a", senders=("x.example.jp",))
    reader = Reader(FormsSettings(known=(profile,)), zone=ZONE, own_address="telework-id@city.example.jp")
    read = [reader.read(mail(sender, "x")).applications[0] for sender in ("a@x.example.jp", "a@y.example.jp")]
    assert [(one.form, one.form_digest) for one in read] == [("a", profile.digest), ("other", FormsSettings().digest)]


def test_a_profile_that_changes_counts_without_a_restart(tmp_path: Path) -> None:
    """The reader of the next pass has what the files say then; a broken one keeps the pass from beginning."""
    house = House(path=tmp_path / "house").lay_out({"forms": {"profiles_dir": "forms"}})
    workshop = house.workshop()
    assert workshop.forms().known == ()
    folder = house.path / "forms"
    folder.mkdir()
    (folder / "a.yaml").write_text("title: A\n", encoding="utf-8")
    assert [profile.title for profile in workshop.forms().known] == ["A"]
    (folder / "a.yaml").write_text("title: B\n", encoding="utf-8")
    os.utime(folder / "a.yaml", (1, 1))
    assert [profile.title for profile in workshop.forms().known] == ["B"]
    (folder / "a.yaml").write_text("titel: B\n", encoding="utf-8")
    with pytest.raises(ConfigInvalid, match=r"forms/a\.yaml: titel"):
        workshop.forms()


def test_comments_stay_where_a_profile_is_written_again() -> None:
    """Only what changed is written anew; what a person wrote beside the rest is kept, and nothing else changes."""
    before = "# ours\ntitle: A  # our title\nsenders: [x.example.jp]\nharmless:  # these\n  - a\n# end\n"
    profile = FormProfile.model_validate({"name": "a", **yaml.safe_load(before)})
    assert written(profile, before) == before
    after = written(profile.model_copy(update={"harmless": ("a", "b"), "sentences": ("受付：{}。",)}), before)
    assert after.startswith("# ours\ntitle: A  # our title\nsenders: [x.example.jp]\nharmless: [a, b]\n# end\n")
    assert yaml.safe_load(after)["sentences"] == ["受付：{}。"]
    assert yaml.safe_load(written(profile)) == yaml.safe_load(before)


@pytest.mark.parametrize(
    ("template", "line", "holes"),
    [
        ("申込がありました。", "申込が ありました。", ()), ("申請「{}」を受け付けました。", "申請「テレワーク」を受け付けました。", ("テレワーク",)),
        ("申請「{}」を受け付けました。", "申請「」を受け付けました。", None), ("申請「{}」を受け付けました。", "申請「x。中止」を受け付けました。", None),
        ("申込がありました。", "取消の申込がありました。", None), ("申込{}がありました", "申込がありました", None),
        ("番号{}、課{}です。", "番号12、課3です。", ("12", "3")), ("番号{}です。", f"番号{'1' * 81}です。", None),
    ],
)  # fmt: skip
def test_a_sentence_is_a_whole_line(template: str, line: str, holes: tuple[str, ...] | None) -> None:
    """Nothing may stand before or after it, and a hole takes neither nothing nor a second sentence."""
    found = Sentences([template]).find(line)
    assert (found[1] if found else None) == holes
