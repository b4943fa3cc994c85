"""File names survive anything, and only what is finished is taken."""

from __future__ import annotations

import os
import time
from datetime import datetime, timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest

from bot.errors import Transient
from bot.mail.drops import WithDrops
from bot.mail.folder import FolderMailbox
from bot.mail.port import Folder
from bot.mail.receipt import receipt_time
from tests.house import ZONE

NAMES = [
    b"a b.eml", b"-rf.eml", "申請①.eml".encode(), b"bad\xff\xfebytes.eml", b"new\nline.eml", b"tab\t.csv", b"%s{}$(x).eml",
    b"x" * 251 + b".eml", b"no-ending", b"..eml.dat", b"quote\"'.eml",
]  # fmt: skip


@pytest.fixture
def mailbox(tmp_path: Path) -> FolderMailbox:
    """An empty mailbox."""
    (tmp_path / "inbox").mkdir()
    return FolderMailbox(tmp_path, max_bytes=10_000, zone=ZONE)


@pytest.mark.parametrize("name", [name for name in NAMES if not name.startswith(b".")])
async def test_any_name_is_taken_and_filed(mailbox: FolderMailbox, tmp_path: Path, name: bytes) -> None:
    """Spaces, dashes, line ends, foreign bytes, 255 bytes: read, shown printable, moved, nothing lost."""
    (Path(os.fsdecode(bytes(tmp_path))) / "inbox" / os.fsdecode(name)).write_bytes(b"content")
    (locator,) = await mailbox.list_new()
    message = await mailbox.fetch(locator)
    assert (message.content, message.name.isprintable()) == (b"content", True)
    message.name.encode("utf-8")
    await mailbox.file(locator, Folder.UNREADABLE)
    (kept,) = (tmp_path / "unreadable").iterdir()
    assert (kept.read_bytes(), os.fsencode(kept.name)) == (b"content", name)


@pytest.mark.parametrize("name", [NAMES[7], b"a.eml", NAMES[3]])
async def test_a_taken_name_gets_a_number(mailbox: FolderMailbox, tmp_path: Path, name: bytes) -> None:
    """A clash in the target never overwrites, also where the name has no room for a number."""
    for body in (b"1", b"2", b"3"):
        (tmp_path / "inbox" / os.fsdecode(name)).write_bytes(body)
        (locator,) = await mailbox.list_new()
        await mailbox.file(locator, Folder.PROCESSED)
    assert sorted(file.read_bytes() for file in (tmp_path / "processed").iterdir()) == [b"1", b"2", b"3"]


async def test_what_is_not_ours_to_take_stays(mailbox: FolderMailbox, tmp_path: Path) -> None:
    """Folders, links, hidden and unfinished files are left alone."""
    inbox = tmp_path / "inbox"
    (inbox / "folder").mkdir()
    (tmp_path / "secret").write_bytes(b"x")
    (inbox / "link.eml").symlink_to(tmp_path / "secret")
    for name in (".hidden.eml", "a.eml.part", "b.tmp", "~$c.xlsx"):
        (inbox / name).write_bytes(b"x")
    assert await mailbox.list_new() == []


async def test_a_dangling_link_in_the_target_is_a_taken_name(mailbox: FolderMailbox, tmp_path: Path) -> None:
    """A link that leads nowhere has the name; the message gets another."""
    (tmp_path / "inbox" / "a.eml").write_bytes(b"x")
    (tmp_path / "processed").mkdir()
    (tmp_path / "processed" / "a.eml").symlink_to(tmp_path / "nowhere")
    await mailbox.file("a.eml", Folder.PROCESSED)
    assert (tmp_path / "processed" / "a-1.eml").read_bytes() == b"x"


@pytest.mark.parametrize("locator", ["../secret", "a/b", "..", ""])
async def test_a_locator_never_leads_out_of_the_inbox(mailbox: FolderMailbox, locator: str) -> None:
    """Only names of files directly in the inbox are followed."""
    with pytest.raises(KeyError):
        await mailbox.fetch(locator)


async def test_a_crash_between_link_and_removal_is_made_good(mailbox: FolderMailbox, tmp_path: Path) -> None:
    """A message that is in both folders already is only taken out of the inbox: no second copy."""
    (tmp_path / "inbox" / "a.eml").write_bytes(b"x")
    (tmp_path / "processed").mkdir()
    os.link(tmp_path / "inbox" / "a.eml", tmp_path / "processed" / "a.eml")
    await mailbox.file("a.eml", Folder.PROCESSED)
    assert [file.name for file in (tmp_path / "processed").iterdir()] == ["a.eml"]
    assert await mailbox.list_new() == []


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"Received: by a; Fri, 30 Jul 2021 13:00:01 +0900\r\n\r\n", "2021-07-30T13:00:01+09:00"),
        (b"Received: from x\r\n\tby a (c; d);\r\n\tFri, 30 Jul 2021 04:00:01 +0000 (UTC)\r\n\r\n", "2021-07-30T13:00:01+09:00"),
        (b"Subject: x\r\nReceived: by b; Fri, 30 Jul 2021 13:00:01 +0900\r\nReceived: by a; Fri, 30 Jul 2021 12:00:00 +0900\r\n\r\n", "2021-07-30T13:00:01+09:00"),
        (b"Received: by a; nonsense\r\n\r\n", None), (b"Received: by a\r\n\r\n", None), (b"Subject: x\r\n\r\nReceived: by a; Fri, 30 Jul 2021 13:00:01 +0900", None),
        (b"", None), (b"Received: by a; Fri, 31 Dec 9999 23:59:59 -1200\r\n\r\n", None), (b"Received: by a; Fri, 99 Jul 2021 13:00:01 +0900\r\n\r\n", None),
    ],
)  # fmt: skip
def test_receipt_times(head: bytes, expected: str | None) -> None:
    """The topmost Received line, folded or not, tells when our server got the mail; a broken one tells nothing."""
    found = receipt_time(head)
    assert found == (datetime.fromisoformat(expected) if expected else None)


async def test_a_table_counts_from_when_it_was_dropped(mailbox: FolderMailbox, tmp_path: Path) -> None:
    """A file without a stamp was received when it was last written."""
    file = tmp_path / "inbox" / "a.csv"
    file.write_bytes(b"a,b\n1,2\n")
    at = datetime(2021, 7, 30, 10, 30, tzinfo=ZONE)
    os.utime(file, (at.timestamp(), at.timestamp()))
    message = await mailbox.fetch("a.csv")
    assert abs(message.received_at - at) < timedelta(seconds=1)


async def test_an_outbox_that_cant_be_written_is_tried_again_later(mailbox: FolderMailbox, tmp_path: Path) -> None:
    """It is no fault of the mail, which goes out once there is room."""
    mail = EmailMessage()
    mail["Message-ID"], mail["To"] = "<a@x>", "a@city.example.jp"
    mail.set_content("x")
    (tmp_path / "outbox").write_text("", encoding="utf-8")
    with pytest.raises(Transient, match="the outbox can't be written"):
        await mailbox.send(mail)
    (tmp_path / "outbox").unlink()
    await mailbox.send(mail)
    assert await mailbox.was_sent("<a@x>")


@pytest.mark.parametrize("act", ["sends", "settles"])
async def test_what_a_killed_process_left_beside_the_mails_is_removed(
    mailbox: FolderMailbox, tmp_path: Path, act: str
) -> None:
    """It may hold a password: it is gone once the next process sends a mail, or asks whether one went out."""
    (tmp_path / "outbox").mkdir()
    (tmp_path / "outbox" / ".R-20210730-0001.credentials.1@city.example.jp.eml.4711.tmp").write_bytes(b"half of a mail")
    mail = EmailMessage()
    mail["Message-ID"] = "<R-20210730-0001.credentials.2@city.example.jp>"
    if act == "sends":
        await mailbox.send(mail)
    else:
        assert await mailbox.was_sent(mail["Message-ID"]) is False
    assert [file for file in (tmp_path / "outbox").iterdir() if file.suffix == ".tmp"] == []


def aged(path: Path, seconds: float) -> Path:
    """Make a file to which nobody has written for so long."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"content")
    os.utime(path, (time.time() - seconds, time.time() - seconds))
    return path


async def test_what_is_not_read_is_known(tmp_path: Path) -> None:
    """Hidden and half-written files, folders and links are told once nobody writes to them any more; nothing of it is touched."""
    inbox = tmp_path / "inbox"
    for name in (".hidden.eml", "~$open.xlsx", "half.eml.part", "mail.eml"):
        aged(inbox / name, 900)
    aged(inbox / ".fresh.eml", 5)
    (inbox / "link.eml").symlink_to(inbox / "mail.eml")
    (inbox / "folder").mkdir()
    before = time.time() - 900
    os.utime(inbox / "link.eml", (before, before), follow_symlinks=False)
    os.utime(inbox / "folder", (before, before))
    mailbox = FolderMailbox(tmp_path, max_bytes=1_000, zone=ZONE)
    assert await mailbox.list_new() == ["mail.eml"]
    left = await mailbox.passed_over()
    assert left == [".hidden.eml", "folder", "half.eml.part", "link.eml", "~$open.xlsx"]
    assert "! 5 are not read: .hidden.eml" in await mailbox.check()
    assert len(list(inbox.iterdir())) == 7


async def test_a_hidden_drop_is_known_too(tmp_path: Path) -> None:
    """In the folder for dropped tables as in the inbox."""
    aged(tmp_path / "drops" / "inbox" / ".table.csv", 900)
    mails, drops = (FolderMailbox(tmp_path / name, max_bytes=1_000, zone=ZONE) for name in ("mails", "drops"))
    assert await WithDrops(mails, drops).passed_over() == [".table.csv"]
