"""Faults that somebody mails: files and headers that were made to cost time, and a table that hides who applies."""

from __future__ import annotations

from bot.life import State
from tests.hostile_kit import CASES, HEAD
from tests.scenario.faults.fault import Fault, nothing_is_left
from tests.scenario.faults.scene import Ran, Scene

#: Two more of the staff.
_OWN, _IN_TABLE = "0031977", "0050031"


def _unreadable(scene: Scene, content: bytes) -> Ran:
    """A pass with a hostile mail between the applications: these are issued, and it is kept."""
    (scene.house.path / "mailbox" / "inbox" / "0-hostile.eml").write_bytes(content)
    scene.unreadable = 1
    ran = scene.run()
    assert (scene.inbox(), scene.states()) == (0, ["delivered", "delivered"])
    return ran


def _table_in_remark(scene: Scene) -> Ran:
    """A pass with two applicants in one mail, one of them in a table that was pasted into the other's remark."""
    day, directory = scene.days[-1], scene.house.workshop().directory()
    own, other = directory.find(_OWN), directory.find(_IN_TABLE)
    assert own is not None
    assert other is not None
    table = f"職員番号\t氏名\t利用日\t実施場所\n{_IN_TABLE}\t{other.name}\t{day:%Y/%m/%d}\t自宅"
    note = f"備考：同じ係の者も申請予定です\n{table}\n"
    scene.house.apply("0000777", employee_no=_OWN, days=[day], now=scene.now, note=note)
    scene.applied |= {_OWN: "0000777", _IN_TABLE: ""}
    scene.ends |= {_OWN: State.HELD, _IN_TABLE: State.HELD}
    scene.shared = 1
    ran = scene.run()
    decisions = [scene.requests()[number].decision for number in (_OWN, _IN_TABLE)]
    assert [decision.granted for decision in decisions if decision] == [(), ()]
    return ran


FAULTS = (
    Fault(
        name="a workbook with one cell in its last corner", made="a mail whose attached workbook of 2 KB says that it has 17 billion cells",
        does="walks what stands in it, and no gap between; keeps the mail as unreadable and issues what came with it",
        says=("kept as unreadable …more than 200 columns",), status=1,
        happens=lambda scene: _unreadable(scene, (CASES / "hang-sparse.eml").read_bytes()), resolves=nothing_is_left, short=True,
    ),
    Fault(
        name="a header of semicolons", made="a mail with a Content-Type of 80,000 parameters, for which Python's parser takes a minute",
        does="refuses the header before it is parsed; keeps the mail as unreadable and issues what came with it",
        says=("kept as unreadable …a header of more than 4000 characters",), status=1,
        happens=lambda scene: _unreadable(scene, HEAD + b"Content-Type: text/plain; x=" + b";" * 80_000 + b"\r\n\r\nx"),
        resolves=nothing_is_left, short=True,
    ),
    Fault(
        name="a table in a remark", made="an application with another applicant's row, as a table with TABs, in its 備考",
        does="puts both on record and holds both: a person decides who applies",
        says=("held 2 …",), status=1, happens=_table_in_remark, resolves=nothing_is_left, short=True,
    ),
)  # fmt: skip
