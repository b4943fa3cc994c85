"""Keeps a second process away by a lock beside the ledger's own file, whichever settings and whichever name led there.

Who takes it: whatever acts on the console or in the mailbox for requests, or replaces the ledger or what is in it on the whole
(passes, `rerun --unreadable`, `worklist`, `reconcile`, `ledger restore`, `ledger purge`), for as long as it works. Who does not: an
operator's act (`approve`, `rerun`, `pause` and the like) until it carries out what it decided, and what adds an event, such as a
backup. Each of those is one transaction, which the database has wait for any other, and which does nothing where what it was
decided on is no longer so (``Conflict``): they must be possible while a pass works for an hour.
"""

from __future__ import annotations

import json
import os
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from filelock import FileLock, Timeout

from bot.errors import AlreadyRunning, LedgerUnusable, Unusable
from bot.private import close_to_others, make_folder, write_private

_MOUNTS = Path("/proc/self/mountinfo")
#: File systems of other machines (proc(5)): their locks hold between machines by luck, and so does SQLite's log beside the file.
_ON_NETWORK = re.compile(r"(nfs|nfs4|cifs|smb\d?|smbfs|afs|ceph|9p|glusterfs|lustre|ocfs2|gfs2|davfs|fuse\.(sshfs|s3fs|glusterfs|rclone|davfs2?|smbnetfs))$")  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class HeldLock:
    """A lock that this process holds: the file ``path`` as it was when it was taken."""

    path: Path
    file: tuple[int, int]

    def must_be_there(self) -> None:
        """Raise ``LedgerUnusable`` once somebody has removed or replaced the file: another process may have taken a new one."""
        if _file_at(self.path) != self.file:
            raise LedgerUnusable(
                f"the lock {self.path} was removed while this run held it, and another run may be working: nothing more is written; "
                "see that nobody removes it; the next pass goes on"
            )


#: The locks of ledgers that this process holds, by the ledger's real path (bot/ledger/on_sqlite.py asks before each write).
held: dict[Path, HeldLock] = {}


@contextmanager
def process_lock(path: Path, since: datetime) -> Iterator[HeldLock]:
    """Hold the lock ``path``, with a note beside it of who holds it, since when; both for their owner's eyes alone.

    Raises ``AlreadyRunning`` that says so while another process does, ``Unusable`` when the lock can't be made.
    """
    lock, note = FileLock(path, timeout=0, mode=0o600, fallback_to_soft=False), path.with_name(f"{path.name}.holder")
    try:
        make_folder(path.parent)
        lock.acquire()
        close_to_others(path)
        taken = _file_at(path)
    except Timeout:
        raise AlreadyRunning(f"another run holds {path}{_holder(note)}") from None
    except OSError as error:
        raise Unusable(f"the lock {path} can't be made ({error.strerror}): check the disk and the rights") from None
    try:
        if taken is None:
            raise AlreadyRunning(f"the lock {path} was removed at this moment")
        holder = {"pid": os.getpid(), "host": socket.gethostname(), "since": since.isoformat(timespec="seconds")}
        with suppress(OSError):  # the lock is what counts
            write_private(note, json.dumps(holder))
        yield HeldLock(path=path, file=taken)
    finally:
        with suppress(OSError):
            if taken == _file_at(path):  # else the note is another's
                note.unlink(missing_ok=True)
        lock.release()


@contextmanager
def ledger_lock(file: Path, since: datetime) -> Iterator[None]:
    """Be the only process that works on the ledger in ``file``, which is its real path; raises as :func:`process_lock`.

    Where the lock is lost, nothing more is written to that ledger in this process. Raises ``LedgerUnusable`` for a file that
    another name leads to as well: there is a lock beside each name, and SQLite's log, without which the file is damaged.
    """
    _must_have_one_name(file)
    with process_lock(lock_of(file), since) as lock:
        held[file] = lock
        try:
            yield
        finally:
            held.pop(file, None)


def lock_of(file: Path) -> Path:
    """Return the lock of the ledger in ``file``."""
    return file.with_name(f"{file.name}.lock")


def network_of(path: Path, mounts: str | None = None) -> str:
    """Return the kind of network file system that ``path`` is on; empty where it is on this machine, or nothing can be said.

    ``mounts`` is what the kernel says is mounted (proc(5), mountinfo).
    """
    if str(path).startswith("\\\\"):
        return "SMB"
    places = [(place, kind) for place, kind in _mounted(mounts) if path.is_relative_to(place)]
    # Of two mounts on one place, the later one is seen.
    kind = max(enumerate(places), key=lambda found: (len(found[1][0].parts), found[0]))[1][1] if places else ""
    return kind if _ON_NETWORK.match(kind) else ""


def _must_have_one_name(file: Path) -> None:
    try:
        found = file.stat()
    except FileNotFoundError:
        return
    except OSError as error:
        raise LedgerUnusable(f"the ledger {file} can't be looked at: {error.strerror}") from None
    # A restore that was killed between two steps has left one, under a name that is no ledger's.
    aside = sum(_file_at(path) == (found.st_dev, found.st_ino) for path in file.parent.glob(f"{file.name}.replaced-*"))
    if found.st_nlink - aside > 1:
        raise LedgerUnusable(
            f"the ledger {file} has a second name (a hard link): find it with `find -inum {found.st_ino}` on that disk and remove it"
        )
    if any(place == file for place, _ in _mounted()):
        raise LedgerUnusable(f"the ledger {file} is mounted alone: mount the folder that it is in")


def _mounted(mounts: str | None = None) -> list[tuple[Path, str]]:
    """Return each place where something is mounted, and the kind of its file system, in the order in which that was done."""
    if mounts is None:
        try:
            mounts = _MOUNTS.read_text(encoding="utf-8", errors="surrogateescape")
        except OSError:
            return []
    found = []
    for line in mounts.splitlines():
        before, _, after = line.partition(" - ")
        fields, kind = before.split(" "), after.split(" ")[0]
        if len(fields) > 4 and kind:
            found.append((Path(re.sub(r"\\([0-7]{3})", lambda code: chr(int(code[1], 8)), fields[4])), kind))
    return found


def _file_at(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _holder(note: Path) -> str:
    """Return who holds a lock, in words; empty where the note can't be read."""
    try:
        holder = json.loads(note.read_text(encoding="utf-8"))
        return f": process {holder['pid']} on {holder['host']}, since {holder['since']}"
    except (OSError, ValueError, KeyError, TypeError):
        return ""
