"""Faults of files that the bot needs: the staff directory, the evidence folder, the log, its lock."""

from __future__ import annotations

from collections.abc import Callable

from tests.scenario.faults.fault import Fault, nothing_is_left
from tests.scenario.faults.scene import Ran, Scene

_DIRECTORY = "staff.csv"


def _without_directory(scene: Scene) -> Ran:
    place = scene.house.path / _DIRECTORY
    aside = place.rename(place.with_suffix(".aside"))
    ran = _untouched(scene, scene.run())
    aside.rename(place)
    return ran


def _half_written(scene: Scene, torn: Callable[[bytes], bytes]) -> Ran:
    place = scene.house.path / _DIRECTORY
    content = place.read_bytes()
    place.write_bytes(torn(content))
    ran = _untouched(scene, scene.run())
    place.write_bytes(content)
    return ran


def _shrunk(scene: Scene) -> Ran:
    """Half of the rows, each of them whole: only what the last pass saw tells that something is missing."""
    mails = {file: file.read_bytes() for file in scene.house.files("inbox")}
    for file in mails:
        file.unlink()
    assert scene.run().status == 0
    for file, content in mails.items():
        file.write_bytes(content)
    return _half_written(scene, lambda content: b"".join(content.splitlines(keepends=True)[:9]))


def _in_an_address(content: bytes) -> bytes:
    """Cut where what is left of the last row's address is an address, of somebody else."""
    return content[: content.rindex(b"@city.example.jp") + len(b"@city.exam")]


def _untouched(scene: Scene, ran: Ran) -> Ran:
    assert (scene.inbox(), scene.server.users.writes.total(), scene.house.mailed()) == (2, 0, [])
    return ran


def _blocked(scene: Scene, name: str, *arguments: str) -> Ran:
    """Put a file where the bot wants a folder: nobody, not even root, can write into it."""
    place = scene.house.path / name
    place.write_text("", encoding="utf-8")
    ran = scene.run(*arguments)
    place.unlink()
    return ran


def _no_evidence(scene: Scene) -> Ran:
    ran = _blocked(scene, "evidence")
    assert scene.states() == ["delivered", "delivered"]
    return ran


def _no_log(scene: Scene) -> Ran:
    ran = _blocked(scene, "log")
    assert scene.states() == ["delivered", "delivered"]
    return ran


def _no_lock(scene: Scene) -> Ran:
    place = scene.house.path / "ledger.sqlite3.lock"
    place.mkdir()
    ran = _untouched(scene, scene.run())
    place.rmdir()
    return ran


_UNTOUCHED = "touches nothing: no mail is taken in, nobody is refused as unknown"

FAULTS = (
    Fault(
        name="the staff directory is missing", made="the file is not there", does=_UNTOUCHED,
        says=("ConfigInvalid: staff.file: …staff.csv can't be read (No such file or directory)", "Mend the places named, then run `check`."),
        status=2, happens=_without_directory, short=True,
    ),
    Fault(
        name="the staff directory is half-written", made="the file breaks off in the middle of a mail address, and what is left of it is an address",
        does=_UNTOUCHED, says=("ConfigInvalid: staff.file: staff.csv: it breaks off in the middle of its last row: it is half-written; export it again",),
        status=2, happens=lambda scene: _half_written(scene, _in_an_address), short=True,
    ),
    Fault(
        name="the staff directory has lost half of its rows", made="the file breaks off between two rows, after a pass that has seen it whole",
        does=_UNTOUCHED,
        says=(
            "ConfigInvalid: staff.file: 8 employees, … at the last pass: is the file half-written? Export it again",
            "if it is right, run once with --set staff.min_kept=0",
        ),
        status=2, happens=_shrunk,
    ),
    Fault(
        name="the evidence folder can't be written", made="a file stands where the folder should be",
        does="issues and mails all the same, each act on record; tells that there are no pictures",
        says=("evidence can't be written to …evidence (…): what was done meanwhile has no pictures", "make room or mend console.evidence_dir and its rights",),
        status=1, happens=_no_evidence, resolves=nothing_is_left, changes={"console": {"evidence": "submit"}}, short=True,
    ),
    Fault(
        name="the log folder can't be made", made="a file stands where the folder should be", does="works without its log file; the ledger has every act",
        says=("the log folder …log can't be made (…): mend log.file or the rights",), status=0, happens=_no_log, resolves=nothing_is_left,
    ),
    Fault(
        name="the lock can't be made", made="a folder stands where the lock should be", does="touches nothing",
        says=("Unusable: the lock …ledger.sqlite3.lock can't be made (…): check the disk and the rights",), status=4,
        happens=_no_lock,
    ),
)  # fmt: skip
