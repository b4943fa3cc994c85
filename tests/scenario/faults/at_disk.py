"""A disk without room: a small file system of its own, filled to the last byte."""

from __future__ import annotations

import errno
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bot.sandbox.faults import AfterSubmit
from tests.scenario.faults.fault import Fault, nothing_is_left
from tests.scenario.faults.scene import Ran, Scene

_SIZE = "4m"


@contextmanager
def small_disk(place: Path) -> Iterator[None]:
    """Mount a small tmpfs at ``place``, with what is there now on it; taken away with what is on it left behind."""
    place.mkdir(parents=True, exist_ok=True)
    before = place.with_name(f"{place.name}-before")
    _copy(place, before)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={_SIZE}", "tmpfs", str(place)], check=True)
    try:
        _copy(before, place)
        yield
        _copy(place, before)
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)
    _copy(before, place)
    subprocess.run(["rm", "-rf", str(before)], check=True)


def fill(place: Path) -> Path:
    """Write until nothing more goes onto the disk; returns the file that takes the room."""
    filler = place / "filler.tmp"
    with filler.open("wb", buffering=0) as file:
        for size in (65536, 4096, 1):
            try:
                while file.write(b"\0" * size):
                    pass
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise
    return filler


def _copy(source: Path, target: Path) -> None:
    target.mkdir(exist_ok=True)
    subprocess.run(["cp", "-a", f"{source}{os.sep}.", str(target)], check=True)


def _full_before(scene: Scene) -> Ran:
    with small_disk(scene.house.path):
        filler = fill(scene.house.path)
        ran = scene.run()
        assert (scene.inbox(), scene.server.users.writes.total()) == (2, 0)
        filler.unlink()
    return ran


def _full_in_mid_create(scene: Scene) -> Ran:
    scene.server.faults.after_submit = AfterSubmit.HOLD_MADE
    with small_disk(scene.house.path):
        ran, filler = scene.run_until_submit(lambda: fill(scene.house.path))
        assert scene.server.users.writes["create"] == 1
        assert scene.house.files("outbox") == []
        filler.unlink()
    return ran


def _outbox_full(scene: Scene) -> Ran:
    outbox = scene.house.path / "mailbox" / "outbox"
    with small_disk(outbox):
        filler = fill(outbox)
        ran = scene.run()
        assert scene.states() == ["accepted", "issued"]
        filler.unlink()
    return ran


def _evidence_full(scene: Scene) -> Ran:
    evidence = scene.house.path / "evidence"
    with small_disk(evidence):
        filler = fill(evidence)
        ran = scene.run()
        assert scene.states() == ["delivered", "delivered"]
        filler.unlink()
    return ran


FAULTS = (
    Fault(
        name="the disk is full", made=f"a tmpfs of {_SIZE[:-1]} MB with the whole house on it, filled", does="touches no mail and no console",
        says=("Unusable: the ledger …ledger.sqlite3 can't be used: database or disk is full; check the disk, its space and the rights", "run `check`"),
        status=4, happens=_full_before, mounts=True, short=True,
    ),
    Fault(
        name="the disk is full in mid-create", made="the same, filled while the submit is not answered yet",
        does="has it on record, as the ledger's log has room of its own; sees that nothing can be mailed: the rest is not begun; the next"
        " pass sets that one a new password, and issues the rest",
        says=("R-…: Unsent: the outbox can't be written: No space left on device — 次回の実行",), status=1,
        happens=_full_in_mid_create, mounts=True,
    ),
    Fault(
        name="the outbox is full", made="a full tmpfs in the place of the folder mailbox's outbox",
        does="issues one and sees that nothing can be mailed: the rest is not begun; the next pass sets that one a new password, and"
        " issues the rest",
        says=("R-…: Unsent: the outbox can't be written: No space left on device — 次回の実行",), status=1, happens=_outbox_full, mounts=True,
    ),
    Fault(
        name="the evidence disk is full", made="a full tmpfs in the place of the evidence folder",
        does="issues and mails all the same, each act on record; tells that there are no pictures",
        says=(
            "evidence can't be written to …evidence (No space left on device): what was done meanwhile has no pictures",
            "make room or mend console.evidence_dir and its rights",
        ),
        status=1, happens=_evidence_full, resolves=nothing_is_left, mounts=True, changes={"console": {"evidence": "submit"}},
    ),
)  # fmt: skip
