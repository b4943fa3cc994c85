"""The lock stands beside the ledger itself: every way to one ledger meets it, and nobody gets past it."""

from __future__ import annotations

import os
import re
from contextlib import closing
from pathlib import Path

import pytest

from bot.errors import AlreadyRunning, LedgerUnusable
from bot.ledger.process_lock import lock_of, network_of
from bot.ledger.sole import sole
from tests.house import FRIDAY
from tests.ledger_kit import STEP, open_ledger

_URL = "sqlite:///ledger.sqlite3"


def taken(url: str, base: Path) -> bool:
    """Tell whether somebody works on the ledger at ``url``, by trying to."""
    try:
        with sole(url, base, None, FRIDAY):
            return False
    except AlreadyRunning:
        return True


@pytest.mark.parametrize(
    ("url", "base"),
    [
        (_URL, "city"), ("sqlite+pysqlite:///ledger.sqlite3", "city"), (f"{_URL}?timeout=5", "city"),
        ("sqlite:///../city/ledger.sqlite3", "other"), ("sqlite:///./sub/../ledger.sqlite3", "city"),
        ("sqlite:///linked/ledger.sqlite3", "."), ("sqlite:///link.sqlite3", "other"), ("sqlite:///dangling/link.sqlite3", "other"),
        ("sqlite:////{place}/city/ledger.sqlite3", "other"), ("sqlite://", "city"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("exists", [True, False])
def test_every_way_to_a_ledger_meets_its_lock(tmp_path: Path, url: str, base: str, *, exists: bool) -> None:
    """Relative, absolute, round about, by a linked file or folder, with options, made already or not: it is one lock."""
    for folder in ("city/sub", "other/dangling"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "linked").symlink_to("city")
    (tmp_path / "other" / "link.sqlite3").symlink_to(tmp_path / "city" / "ledger.sqlite3")
    (tmp_path / "other" / "dangling" / "link.sqlite3").symlink_to("../../linked/ledger.sqlite3")
    if exists:
        open_ledger(tmp_path / "city").close()
    way = url.format(place=str(tmp_path).lstrip("/")), tmp_path / base
    with sole(_URL, tmp_path / "city", None, FRIDAY):
        assert taken(*way)
    assert not taken(*way)
    assert [path.name for path in tmp_path.rglob("*.lock")] == ["ledger.sqlite3.lock"]


def test_another_ledger_in_the_folder_has_a_lock_of_its_own(tmp_path: Path) -> None:
    """Two ledgers side by side don't keep each other's bots away."""
    with sole(_URL, tmp_path, None, FRIDAY):
        assert not taken("sqlite:///other.sqlite3", tmp_path)


def test_a_ledger_with_a_second_name_is_not_worked_on(tmp_path: Path) -> None:
    """Behind a hard link would be another lock and another log of SQLite's; what a killed restore has put aside is no such name."""
    open_ledger(tmp_path).close()
    ledger, second = tmp_path / "ledger.sqlite3", tmp_path / "second.sqlite3"
    os.link(ledger, second)
    for name in (ledger.name, second.name):
        with (
            pytest.raises(LedgerUnusable, match="has a second name"),
            sole(f"sqlite:///{name}", tmp_path, None, FRIDAY),
        ):
            pytest.fail("it is in")
    second.rename(tmp_path / "ledger.sqlite3.replaced-20210730-130400")
    assert not taken(_URL, tmp_path)


async def test_who_lost_the_lock_writes_nothing_more(tmp_path: Path) -> None:
    """The lock's file removed, another one gets in: from then on the first writes nothing, and reads all; afterwards both may."""
    with closing(open_ledger(tmp_path)) as ledger:
        with sole(_URL, tmp_path, None, FRIDAY):
            await ledger.note(STEP)
            lock_of(tmp_path / "ledger.sqlite3").unlink()
            with pytest.raises(LedgerUnusable, match="was removed while this run held it"):
                await ledger.note(STEP)
            lock_of(tmp_path / "ledger.sqlite3").touch()  # as another one makes it
            with pytest.raises(LedgerUnusable, match="was removed while this run held it"):
                await ledger.note(STEP)
            assert await ledger.size() == 1
        await ledger.note(STEP)
        assert (await ledger.verify()).events == 2


def test_the_lock_is_for_its_owner_alone(tmp_path: Path) -> None:
    """Lock, note and the folder made for them are closed to others, whatever the umask, and one that was open is closed."""
    before = os.umask(0)
    try:
        with sole("sqlite:///var/new/ledger.sqlite3", tmp_path, None, FRIDAY):
            made = {path: path.stat().st_mode & 0o777 for path in (tmp_path / "var").rglob("*")}
        assert {path.name: oct(mode) for path, mode in made.items()} == {
            "new": "0o700", "ledger.sqlite3.lock": "0o600", "ledger.sqlite3.lock.holder": "0o600",
        }  # fmt: skip
        lock = tmp_path / "var" / "new" / "ledger.sqlite3.lock"
        lock.chmod(0o666)
        with sole("sqlite:///var/new/ledger.sqlite3", tmp_path, None, FRIDAY):
            assert lock.stat().st_mode & 0o777 == 0o600
    finally:
        os.umask(before)


_MOUNTS = """22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
30 22 0:28 / /srv/share rw,relatime shared:9 - nfs4 nas:/share rw,vers=4.2
31 30 8:2 / /srv/share/local\\040disk rw - xfs /dev/sdb1 rw
32 22 0:31 / /mnt/win rw - cifs //nas/bot rw
33 22 0:32 / /mnt/ssh rw - fuse.sshfs bot@nas: rw
34 22 0:33 / /mnt/fuse rw - fuse.portal portal rw
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/srv/share/ledger.sqlite3", "nfs4"), ("/srv/share/local disk/ledger.sqlite3", ""), ("/srv/shared/l.sqlite3", ""),
        ("/mnt/win/a/l.sqlite3", "cifs"), ("/mnt/ssh/l.sqlite3", "fuse.sshfs"), ("/mnt/fuse/l.sqlite3", ""), ("/var/l.sqlite3", ""),
    ],
)  # fmt: skip
def test_a_network_share_is_known_as_one(path: str, kind: str) -> None:
    """By the file system that the kernel has mounted nearest to the ledger; names with blanks are read as the kernel writes them."""
    assert network_of(Path(path), _MOUNTS) == kind


def test_this_machine_has_no_share_here(tmp_path: Path) -> None:
    """What the kernel says of this machine is understood."""
    assert not re.match("nfs|cifs", network_of(tmp_path))
