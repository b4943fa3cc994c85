"""What each mailbox costs: an idle poll, one mail read, filed and sent, and many mails waiting. Prints one JSON document.

Argument: how many mails wait; 10000 where none is given. IMAP needs Dovecot and Postfix (Debian, as root).
"""

from __future__ import annotations

import asyncio
import tempfile
import time
import tracemalloc
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path

from bot.commands.benching import figures_of
from bot.mail.folder import FolderMailbox
from bot.mail.port import Folder, Mailbox
from bot.sandbox.ews.server import EwsServer
from bot.sandbox.postoffice import BOT, PostOffice
from tests.house import FRIDAY, ZONE
from tests.postoffice_kit import exchange_mailbox, imap_mailbox

Put = Callable[[int, bytes], None]
_SAMPLE = 50
_MOST = 10**6


async def milliseconds(work: Callable[[], Awaitable[object]], times: int = 1) -> float:
    """Return how long the work takes, on average."""
    started = time.perf_counter()
    for _ in range(times):
        await work()
    return round((time.perf_counter() - started) * 1000 / times, 1)


def notice(number: int) -> EmailMessage:
    """Return a mail to send."""
    mail = EmailMessage()
    mail["Message-ID"], mail["From"], mail["To"] = f"<{number}@x>", f"{BOT}@city.example.jp", "a@city.example.jp"
    mail.set_content("本文\n" * 40)
    return mail


async def measure(mailbox: Mailbox, put: Put, waiting: int) -> dict[str, float]:
    """Return the figures of one mailbox."""
    found = {
        "first_poll_ms": await milliseconds(mailbox.list_new),
        "idle_poll_ms": await milliseconds(mailbox.list_new, 10),
    }
    numbers = iter(range(_SAMPLE))
    found["send_ms"] = await milliseconds(lambda: mailbox.send(notice(next(numbers))), _SAMPLE)
    for number in range(_SAMPLE):
        put(number, b"x" * 3000)
    locators = await mailbox.list_new()
    each, again = iter(locators), iter(locators)
    found["fetch_ms"] = await milliseconds(lambda: mailbox.fetch(next(each)), _SAMPLE)
    found["file_ms"] = await milliseconds(lambda: mailbox.file(next(again), Folder.PROCESSED), _SAMPLE)
    for number in range(waiting):
        put(_SAMPLE + number, b"x")
    tracemalloc.start()
    found["list_many_s"] = round(await milliseconds(mailbox.list_new) / 1000, 2)
    found["list_many_peak_mb"] = round(tracemalloc.get_traced_memory()[1] / 2**20, 1)
    tracemalloc.stop()
    await mailbox.close()
    return found


async def measure_all(waiting: int) -> dict[str, object]:
    """Return the figures of every mailbox, each on an empty server."""
    with ExitStack() as stack:
        path = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        office, server = stack.enter_context(PostOffice()), stack.enter_context(EwsServer())
        (path / "inbox").mkdir()
        head = b"From: a@x\r\nSubject: x\r\n\r\n"

        def drop(number: int, body: bytes) -> None:
            (path / "inbox" / f"{number}.eml").write_bytes(head + body)

        def deliver(number: int, body: bytes) -> None:
            server.deliver(head + body, FRIDAY + timedelta(seconds=number))

        found = {
            "folder": await measure(FolderMailbox(path, max_bytes=_MOST, zone=ZONE), drop, waiting),
            "imap": await measure(
                imap_mailbox(office), lambda number, body: office.put(BOT, f"m{number}", head + body), waiting
            ),
            "exchange": await measure(exchange_mailbox(server), deliver, waiting),
        }
    ratios = {
        name: round(figures["idle_poll_ms"] / found["folder"]["idle_poll_ms"], 1) for name, figures in found.items()
    }
    return {"waiting": waiting, **found, "ratios": {"idle_poll_to_folder": ratios}}


if __name__ == "__main__":
    figures_of(lambda waiting: asyncio.run(measure_all(waiting)), 10_000)
