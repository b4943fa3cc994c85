"""Attacks on who it is that applies: a forged sender, somebody else's receipt number, a number written another way."""

from __future__ import annotations

from datetime import timedelta
from email.utils import format_datetime

from bot.ledger.records import Request
from bot.life import State
from tests.house import CHECKED, PROVEN
from tests.scenario.faults.fault import Fault, nothing_is_left
from tests.scenario.faults.scene import FIRST, Ran, Scene

_FORM = "noreply@apply.city.example.jp"
_COLLEAGUE = "m.takahashi@city.example.jp"
_THIRD = "A2000001"


def _mail(scene: Scene, name: str, head: str, body: str, *, minutes: int = 0) -> None:
    """Put a mail into the inbox that was received ``minutes`` before those of the applicants."""
    stamp = format_datetime(scene.now - timedelta(minutes=minutes))
    lines = [
        f"Received: from x by mx.city.example.jp; {stamp}",
        *head.split("\n"),
        f"Message-ID: <{name}@x.example>",
        "Subject: x",
        "Content-Type: text/plain; charset=utf-8",
        "Content-Transfer-Encoding: 8bit",
        "",
        body,
        "",
    ]
    file = scene.house.path / "mailbox" / "inbox" / f"{name}.eml"
    file.write_bytes("\r\n".join(lines).encode())
    scene.besides.add(file.name)


def _strange(scene: Scene) -> list[Request]:
    own = {request.id for request in scene.applications()}
    return [request for request in scene.ask(lambda ledger: ledger.requests()) if request.id not in own]


def _all_held(scene: Scene, count: int) -> None:
    strange = _strange(scene)
    assert [request.state for request in strange] == [State.HELD] * count
    for request in strange:
        assert request.decision is not None
        assert "V04" in {violation.code for violation in request.decision.violations}


def _forged_cancellations(scene: Scene) -> Ran:
    """Everything that made one sender of another: each of these mails would close the first one's login."""
    scene.run()
    cancel = f"受付番号：0000590\n申請区分：取消\n職員番号：{FIRST}\n元の受付番号：{scene.applied[FIRST]}"
    evil = "Authentication-Results: mx.city.example.jp; dmarc=pass header.from=evil.example"
    heads = [
        f"{evil}\nFrom: {_FORM}\nFrom: x@evil.example",
        f"{evil}\nFrom: =?utf-8?q?=3Cnoreply=40apply=2Ecity=2Eexample=2Ejp=3E?= <x@evil.example>",
        f"{evil}\nFrom: =?utf-8?q?{_FORM.replace('@', '=40')}?=",
        f"{evil}\nFrom: nore\u200bply@apply.city.example.jp",
        f"{evil}\nFrom: {_FORM}",
        f'Authentication-Results: mx.city.example.jp; spf=pass smtp.mailfrom="a; dmarc=pass header.from=apply.city.example.jp"@evil.example\nFrom: {_FORM}',
        f"Authentication-Results: mx.city.example.jp; none\nAuthentication-Results: {CHECKED}\nFrom: {_FORM}",
        f"Authentication-Results: evil.example; x=pass (mx.city.example.jp; {CHECKED})\nFrom: {_FORM}",
    ]
    for position, head in enumerate(heads):
        _mail(scene, f"forged-{position}", head, cancel)
    ran = scene.run()
    _all_held(scene, len(heads))
    return ran


def _number_taken_first(scene: Scene) -> Ran:
    """A colleague sends the first one's number before they do: an application, a cancellation, and a notice of the number alone."""
    number, day = scene.applied[FIRST], f"{scene.days[-1]:%Y/%m/%d}"
    head = f"Authentication-Results: mx.city.example.jp; dmarc=pass header.from=city.example.jp\nFrom: {_COLLEAGUE}"
    name = scene.house.workshop().directory().find(FIRST)
    assert name is not None
    asked = f"受付番号：{number}\n職員番号：{FIRST}\n氏名：{name.name}\n利用日：{day}\n実施場所：自宅"
    _mail(scene, "before-same", head, f"{asked}\n申請区分：新規", minutes=3)
    _mail(scene, "before-cancel", head, f"受付番号：{number}\n申請区分：取消\n職員番号：{FIRST}", minutes=2)
    ran = scene.run()
    _all_held(scene, 2)
    return ran


def _spelled_otherwise(scene: Scene) -> Ran:
    """Somebody whose number has letters applies three times, for a day each, and writes the number each time in another way."""
    staff = scene.house.path / "staff.csv"
    row = f"{_THIRD},久保田　望,クボタ　ノゾミ,総務部人事課,n.kubota@city.example.jp,正規,0021450,2012-04-01,\r\n"
    staff.write_bytes(staff.read_bytes() + row.encode("cp932"))
    scene.apply(_THIRD)
    for position, written in enumerate(("a2000001", "ａ２０００００１")):
        name = f"00006{position:02}"
        scene.besides.add(f"{name}.eml")
        scene.house.apply(name, employee_no=written, days=[scene.days[position]], now=scene.now)
    ran = scene.run()
    assert {request.login_id for request in _strange(scene)} == {f"tw{_THIRD}"}
    assert {request.application.employee_no for request in _strange(scene)} == {_THIRD}
    return ran


FAULTS = (
    Fault(
        name="forged senders",
        made="mails that would cancel a login: two From headers, encoded words, an invisible character, words in quotes and "
        "comments of Authentication-Results, another domain's pass, a result that came along",
        does="holds each for a person, answers none, and closes no login",
        says=("held 8",),
        status=1,
        happens=_forged_cancellations,
        changes={"forms": PROVEN, "rules": {"automatic_kinds": ["issue", "reissue", "cancel", "change"]}},
        resolves=nothing_is_left,
        short=True,
    ),
    Fault(
        name="a receipt number taken first",
        made="before the applicant's own, a colleague mails an application and a cancellation under the applicant's receipt number",
        does="holds the colleague's, and issues the applicant's, which is no repetition of them",
        says=("accepted 2 …held 2 …delivered 2",),
        status=1,
        happens=_number_taken_first,
        resolves=nothing_is_left,
        short=True,
    ),
    Fault(
        name="an employee number written another way",
        made="one employee applies as A2000001, a2000001 and ａ２０００００１",
        does="takes them for one employee: one login, on which each further day is granted with a new password",
        says=("accepted 5 …delivered 5",),
        status=0,
        happens=_spelled_otherwise,
        resolves=nothing_is_left,
    ),
)
