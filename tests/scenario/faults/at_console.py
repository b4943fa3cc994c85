"""Faults of the console: each of those that the embedded one has on demand (bot/sandbox/faults.py), and no console at all."""

from __future__ import annotations

import socket
import time

from bot.life import State
from bot.sandbox.faults import AfterSubmit
from bot.sandbox.users import User
from tests.scenario.faults.fault import Fault, nothing_is_left
from tests.scenario.faults.scene import FIRST, Ran, Scene

_CONFIRM = "/admin/users/new/confirm"
_LOGIN_ID = f"tw{FIRST}"


def _renamed_everywhere(scene: Scene) -> Ran:
    scene.server.faults.renamed[">初期パスワード（確認）</label>"] = ">別の名前</label>"
    ran = scene.run()
    assert scene.server.users.writes.total() == 0
    assert scene.states() == ["accepted", "accepted"]
    scene.server.faults.clear()
    return ran


def _renamed_in_mid_create(scene: Scene) -> Ran:
    scene.server.faults.renamed["新規ユーザーの登録確認"] = "登録内容のご確認"
    ran = scene.run()
    assert scene.server.users.writes.total() == 0
    assert sorted(scene.states()) == ["accepted", "stuck"]
    scene.server.faults.clear()
    return ran


def _rerun_by_operator(scene: Scene) -> None:
    stuck = [one.id for one in scene.requests().values() if one.state is State.STUCK]
    assert scene.run("rerun", *stuck, "--by", "op1", "--reason", "原因を除いた").status == 0


def _resume_and_rerun(scene: Scene) -> None:
    scene.resume()
    _rerun_and_run(scene)


def _rerun_and_run(scene: Scene) -> None:
    _rerun_by_operator(scene)
    assert scene.run().status == 0


def _fails_before_submit(scene: Scene) -> Ran:
    scene.server.faults.failing_path, scene.server.faults.failing = _CONFIRM, 1
    ran = scene.run()
    assert scene.states() == ["accepted", "delivered"]
    return ran


def _fails_after_submit(scene: Scene) -> Ran:
    scene.server.faults.failing_path, scene.server.faults.skip, scene.server.faults.failing = _CONFIRM, 1, 1
    ran = scene.run()
    assert scene.outcomes("account.create") == ["intended", "unknown", "intended", "done", "intended", "done"]
    return ran


def _cut_in_mid_form(scene: Scene) -> Ran:
    scene.server.faults.failing_path, scene.server.faults.cutting = _CONFIRM, 99
    return _untouched_by(scene)


def _silent_in_mid_form(scene: Scene) -> Ran:
    scene.server.faults.failing_path, scene.server.faults.silent = _CONFIRM, 99
    return _untouched_by(scene)


def _untouched_by(scene: Scene) -> Ran:
    ran = scene.run()
    assert (scene.server.users.writes.total(), scene.states()) == (0, ["accepted", "accepted"])
    assert "drift" not in ran.said.lower()
    scene.server.faults.clear()
    return ran


def _expires_in_the_form(scene: Scene) -> Ran:
    scene.server.faults.expiring_path, scene.server.faults.expiring = _CONFIRM, 1
    ran = scene.run()
    assert scene.server.admin.logins == 2
    return ran


def _expires_always(scene: Scene) -> Ran:
    scene.server.faults.expiring_path, scene.server.faults.expiring = _CONFIRM, 99
    ran = scene.run()
    assert (scene.server.users.writes.total(), scene.states()) == (0, ["accepted", "accepted"])
    scene.server.faults.clear()
    return ran


def _expires_at_the_submit(scene: Scene) -> Ran:
    faults = scene.server.faults
    faults.expiring_path, faults.expire_skip, faults.expiring = _CONFIRM, 1, 1
    ran = scene.run()
    assert scene.outcomes("account.create")[:2] == ["intended", "unknown"]
    assert scene.server.users.writes["create"] == 2
    return ran


def _cut(scene: Scene, fault: AfterSubmit) -> Ran:
    scene.server.faults.after_submit = fault
    ran = scene.run()
    assert scene.server.users.writes["create"] == 2
    return ran


def _held(scene: Scene, fault: AfterSubmit) -> Ran:
    scene.server.faults.after_submit = fault
    ran = scene.run()
    assert scene.server.users.writes["create"] == 2
    assert scene.outcomes("account.create")[:2] == ["intended", "unknown"]
    scene.server.faults.clear()
    return ran


def _taken_by_hand(scene: Scene) -> Ran:
    """Somebody makes the same ID by hand between our look and our click, and the console says that all is well."""
    scene.server.faults.slow, scene.server.faults.duplicate_as_success = 0.3, True

    def by_hand() -> None:
        while "intended" not in scene.outcomes("account.create"):
            time.sleep(0.05)
        user = User(user_id=_LOGIN_ID, name="別の人", mail="other@city.example.jp")
        scene.server.users.create(user, "By-hand-2021!!", "clerk")

    ran, _ = scene.run_while(by_hand)
    scene.strays = {_LOGIN_ID, f"{_LOGIN_ID}_1"}
    scene.ends[FIRST] = State.STUCK
    scene.server.faults.clear()
    return ran


def _never_ready(scene: Scene) -> Ran:
    scene.server.faults.stuck_creating = True
    ran = scene.run("--set", "console.stop_after_failures=1")
    assert scene.server.users.writes["create"] == 1
    scene.server.faults.clear()
    user = scene.server.users.find(_LOGIN_ID)
    assert user is not None
    user.ready_at = 0.0
    return ran


def _slow(scene: Scene) -> Ran:
    scene.server.faults.slow = 0.3
    return scene.run()


def _down(scene: Scene) -> Ran:
    with socket.socket() as nobody:  # bound and not listening: nobody else gets the port meanwhile
        nobody.bind(("127.0.0.1", 0))
        ran = scene.run("--set", f"console.url=http://127.0.0.1:{nobody.getsockname()[1]}/")
    return _intake_went_on(scene, ran)


def _unplugged(scene: Scene) -> Ran:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        there = f"console.url=http://127.0.0.1:{silent.getsockname()[1]}/"
        ran = scene.run("--set", there, "--set", "console.step_timeout=2")
    return _intake_went_on(scene, ran)


def _no_name(scene: Scene) -> Ran:
    return _intake_went_on(scene, scene.run("--set", "console.url=http://console.invalid/"))


def _intake_went_on(scene: Scene, ran: Ran) -> Ran:
    assert (scene.inbox(), scene.states()) == (0, ["accepted", "accepted"])
    return ran


def _denied(scene: Scene) -> Ran:
    scene.server.admin.password, right = "another-Password-1", scene.server.admin.password
    ran = scene.run()
    assert (scene.server.admin.failures, scene.states()) == (1, ["accepted", "accepted"])
    scene.server.admin.password = right
    return ran


_LOOKS = (
    "looks for the account before anything else is done, and goes on from what it finds; never clicks again blindly"
)
_ALL_WELL = ("delivered 2",)

FAULTS = (
    Fault(
        name="a label is renamed", made="the console shows a field of the new-user form under another name",
        does="finds it in the probe before any request; clicks nothing; takes in, decides and tells as always",
        says=("ConsoleDrift: step …: expected field '初期パスワード（確認）' on screen …",), status=1,
        happens=_renamed_everywhere, short=True,
    ),
    Fault(
        name="a screen changes in mid-create", made="the confirmation screen has another heading",
        does="stops before the submit, keeps the screen, sets the request aside as stuck; the others wait for `resume` or 15 minutes; "
        "`rerun` goes on when the flow is mended",
        says=("ConsoleDrift: step …: expected heading '新規ユーザーの登録確認' …", "see …drift.html"), status=4,
        happens=_renamed_in_mid_create, resolves=_resume_and_rerun,
    ),
    Fault(
        name="HTTP 500 before the submit", made="the console answers the form with a server error",
        does="leaves the request for the next pass, goes on with the next request",
        says=("R-…: Transient: step …: the console answered with a server error — 次回の実行で自動的に再試行します。 / The next pass tries again by itself.",),
        status=1, happens=_fails_before_submit, short=True,
    ),
    Fault(
        name="the network is cut in mid-form", made="the console's connections are cut from the second page of the form on",
        does="says that the console can't be reached, and takes no page that did not come for a changed one; leaves the requests for the next pass",
        says=("R-…: Unreachable: step 'new user, step 2': the connection to … was cut (console.url): net::ERR_… — 次回の実行",),
        status=1, happens=_cut_in_mid_form, short=True,
    ),
    Fault(
        name="the console falls silent in mid-form", made="the second page of the form is asked for and never comes",
        does="the same, after console.step_timeout", status=1, happens=_silent_in_mid_form, changes={"console": {"step_timeout": 2}},
        says=("R-…: Unreachable: step 'new user, step 2': the console does not answer within 2 s (console.step_timeout) — 次回の実行",),
    ),
    Fault(
        name="HTTP 500 after the submit", made="the console answers the submit with a server error",
        does=_LOOKS, says=_ALL_WELL, status=0, happens=_fails_after_submit, resolves=nothing_is_left,
    ),
    Fault(
        name="the session ends in mid-form", made="the console shows its login page in place of the next form",
        does="logs in again, once, and begins the form anew", says=_ALL_WELL, status=0,
        happens=_expires_in_the_form, resolves=nothing_is_left,
    ),
    Fault(
        name="the session ends again and again", made="every form leads to the login page",
        does="logs in again once for each request, not more; leaves them for the next pass",
        says=("R-…: SessionExpired: step …: the session ended — 次回の実行",), status=1, happens=_expires_always,
    ),
    Fault(
        name="the session ends at the submit", made="the login page is the answer to the submit",
        does=_LOOKS, says=_ALL_WELL, status=0, happens=_expires_at_the_submit, resolves=nothing_is_left,
    ),
    Fault(
        name="the connection is cut after the submit, account made", made="the console makes the account and drops the connection",
        does=_LOOKS, says=_ALL_WELL, status=0, happens=lambda scene: _cut(scene, AfterSubmit.CUT_MADE),
        resolves=nothing_is_left, short=True,
    ),
    Fault(
        name="the connection is cut after the submit, nothing made", made="the console drops the connection and the submit",
        does=_LOOKS, says=_ALL_WELL, status=0, happens=lambda scene: _cut(scene, AfterSubmit.CUT_NOT_MADE),
        resolves=nothing_is_left,
    ),
    Fault(
        name="no answer after the submit, account made", made="the console makes the account and never answers",
        does=_LOOKS, says=_ALL_WELL, status=0, happens=lambda scene: _held(scene, AfterSubmit.HOLD_MADE),
        resolves=nothing_is_left, changes={"console": {"step_timeout": 4}},
    ),
    Fault(
        name="no answer after the submit, nothing made", made="the console never answers, and makes nothing",
        does=_LOOKS, says=_ALL_WELL, status=0, happens=lambda scene: _held(scene, AfterSubmit.HOLD_NOT_MADE),
        resolves=nothing_is_left, changes={"console": {"step_timeout": 4}},
    ),
    Fault(
        name="success under another ID", made="somebody takes the ID by hand in mid-create; the console says success and stores ID_1",
        does="reads back, finds another person's account, leaves it alone, mails nothing; the one under ID_1, whose password nobody has, stays for an operator to remove",
        says=(f"AccountConflict: login ID '{_LOGIN_ID}' exists and is not ours",), status=1,
        happens=_taken_by_hand, resolves=nothing_is_left,
    ),
    Fault(
        name="the account stays being created", made="the console says 作成中 and never ends",
        does="waits for console.settle, submits no second time, mails nothing, sets the request aside; `rerun` when it is ready",
        says=("R-…: OutcomeUnknown: step 'look': … the account is still being created after 2 s",), status=4,
        happens=_never_ready, resolves=_rerun_and_run,
    ),
    Fault(
        name="the console is slow", made="every page takes 0.3 s longer", does="waits", says=_ALL_WELL, status=0,
        happens=_slow, resolves=nothing_is_left,
    ),
    Fault(
        name="the console refuses the bot's password", made="the admin's password is another one now",
        does="tries once and stops the console's part: more tries would lock the admin; takes in, decides and tells as always",
        says=("AccessDenied: … — パスワードと権限を確認してから再実行してください。",), status=4, happens=_denied, short=True,
    ),
    Fault(
        name="the console is down", made="nothing listens at its address",
        does="takes in, decides and tells as always; the requests wait for the next pass",
        says=("Unreachable: step 'login': nothing answers at … (console.url): net::ERR_CONNECTION_REFUSED — 次回の実行",), status=4, happens=_down, short=True,
    ),
    Fault(
        name="the console's network is unplugged", made="its address takes connections and never answers",
        does="gives up after console.step_timeout; takes in, decides and tells as always",
        says=("Unreachable: step …: the console does not answer within 2 s (console.step_timeout)",), status=4, happens=_unplugged,
    ),
    Fault(
        name="DNS is gone: the console's name", made="a console.url whose host does not resolve",
        does="takes in, decides and tells as always; the requests wait for the next pass",
        says=("Unreachable: step 'login': the name in http://console.invalid/ can't be resolved (console.url): net::ERR_NAME_NOT_RESOLVED",), status=4, happens=_no_name,
    ),
)  # fmt: skip
