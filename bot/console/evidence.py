"""Evidence (証跡): what a screen looked like, masked, with its SHA-256."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import os
import re
from collections.abc import Sequence
from contextvars import ContextVar
from dataclasses import dataclass, replace
from datetime import tzinfo
from pathlib import Path
from weakref import WeakKeyDictionary

from loguru import logger
from playwright.async_api import CDPSession, Locator, Page
from playwright.async_api import Error as PlaywrightError

from bot.console.drift_report import DriftReport
from bot.console.port import Evidence
from bot.private import make_folder
from bot.secret import MASK, Redactor, Secret

_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
#: In an ARIA outline the value of a field follows its name; values are personal or secret, the structure is what we keep.
_FIELD_VALUE = re.compile(r"^(\s*- (?:textbox|searchbox|combobox|spinbutton)\b[^\n]*?):[ \t]\S[^\n]*$", re.MULTILINE)
_SCREENSHOT_SECONDS = 5
_MASK_COLOUR = "#4a5568"


@dataclass(frozen=True, kw_only=True)
class Sensitive:
    """What must not be seen on a page: the secrets in play and the fields they were typed into."""

    secrets: Sequence[Secret] = ()
    fields: Sequence[Locator] = ()

    def clean(self, text: str) -> str:
        """Return ``text`` with the secrets in play replaced by a mask."""
        for secret in self.secrets:
            text = text.replace(secret.reveal(), MASK)
        return text

    def masks(self, page: Page) -> list[Locator]:
        """Return everything to paint over: password fields, fields that were given a secret, text that shows one."""
        texts = {re.escape(secret.reveal()) for secret in self.secrets}
        # One question for all of them: each costs a round trip to every frame.
        shown = [page.get_by_text(re.compile("|".join(sorted(texts))))] if texts else []
        return [page.locator("input[type=password]"), *self.fields, *shown]


class EvidenceStore:
    """Writes masked screenshots and outlines below ``directory``, one folder a subject."""

    def __init__(self, directory: Path, redactor: Redactor, *, zone: tzinfo | None = None) -> None:
        self._directory = directory
        self._redactor = redactor
        #: Reports tell the time in it; without one in the machine's.
        self._zone = zone
        # Of each task its own: two requests at work at once must not get each other's evidence.
        self._taken: ContextVar[tuple[Evidence, ...]] = ContextVar("taken", default=())
        self._devtools: WeakKeyDictionary[Page, CDPSession] = WeakKeyDictionary()
        self._complaint = ""

    async def capture(self, page: Page, *, subject: str, step: str, sensitive: Sensitive) -> Path | None:
        """Keep a screenshot and the outline of ``page`` and return the picture's path.

        A page that can't be photographed is told in the log and gives ``None``, never an error; a disk that can't be written
        is a complaint besides. Nothing is written unmasked: where masking fails, the picture is left out.
        """
        try:
            async with asyncio.timeout(_SCREENSHOT_SECONDS):
                text = await self.outline(page, sensitive)
                picture = await self._picture(page, sensitive)
        except (PlaywrightError, TimeoutError) as error:
            said = self._redactor.clean(str(error)) or "the page does not answer"
            logger.warning("evidence of step {} left out: {}", step, said.splitlines()[0])
            return None
        return await self._note(subject, step, {"yml": text.encode(), "png": picture})

    async def outline(self, page: Page, sensitive: Sensitive) -> str:
        """Return the page's ARIA outline without field values and secrets; raises ``playwright.async_api.Error``."""
        outline = await page.locator("body").aria_snapshot(timeout=_SCREENSHOT_SECONDS * 1000)
        return sensitive.clean(self._redactor.clean(_FIELD_VALUE.sub(r"\1", outline)))

    async def _picture(self, page: Page, sensitive: Sensitive) -> bytes:
        """Return a picture with everything sensitive painted over; of a page with nothing sensitive, in a third of the time."""
        masks = sensitive.masks(page)
        if any(await asyncio.gather(*(mask.count() for mask in masks))):
            return await page.screenshot(
                mask=masks,
                animations="disabled",
                caret="hide",
                mask_color=_MASK_COLOUR,
                timeout=_SCREENSHOT_SECONDS * 1000,
            )
        if page not in self._devtools:
            self._devtools[page] = await page.context.new_cdp_session(page)
        taken = await self._devtools[page].send("Page.captureScreenshot", {"format": "png", "optimizeForSpeed": True})
        return base64.b64decode(taken["data"])

    async def report(self, report: DriftReport, picture: Path | None, subject: str) -> Path | None:
        """Keep a report on a changed screen as text and as a page with the picture in it; returns the page's path.

        ``None`` where it can't be written.
        """
        shown = await asyncio.to_thread(picture.read_bytes) if picture else None
        report = replace(report, at=report.at.astimezone(self._zone))
        return await self._note(subject, "drift", {"txt": report.text().encode(), "html": report.html(shown).encode()})

    def take(self) -> Sequence[Evidence]:
        """Return what was captured since the last call, and forget it."""
        taken = self._taken.get()
        self._taken.set(())
        return taken

    def mark(self) -> int:
        """Return how much this task has captured since it last took it."""
        return len(self._taken.get())

    def forget_after(self, mark: int) -> None:
        """Count what was captured after ``mark`` as nobody's: the files stay, and no act names them."""
        self._taken.set(self._taken.get()[:mark])

    def complaint(self) -> str:
        """Return what a person should mend so that evidence is kept again, and forget it; empty when all was kept."""
        complaint, self._complaint = self._complaint, ""
        return complaint

    async def _note(self, subject: str, step: str, files: dict[str, bytes]) -> Path | None:
        """Write the files and count them as this task's; returns the path of the last one, ``None`` if it can't be written.

        Employees need their logins, and the ledger has every act: work goes on without pictures, and a person is told.
        """
        try:
            kept = await asyncio.to_thread(self._keep, subject, step, files)
        except OSError as error:
            logger.error("evidence of step {} can't be written: {}", step, error.strerror)
            self._complaint = (
                f"evidence can't be written to {self._directory} ({error.strerror}): what was done meanwhile has no pictures; "
                "make room or mend console.evidence_dir and its rights"
            )
            return None
        self._taken.set((*self._taken.get(), *kept))
        return kept[-1].path

    def _keep(self, subject: str, step: str, files: dict[str, bytes]) -> list[Evidence]:
        folder = self._directory / (_UNSAFE.sub("_", subject) or "_")
        make_folder(folder)
        # Not by how many there are: retention removes the oldest.
        number = 1 + max((int(path.name[:3]) for path in folder.iterdir() if path.name[:3].isdecimal()), default=0)
        kept = []
        for ending, content in files.items():
            path = folder / f"{number:03d}-{_UNSAFE.sub('-', step)}.{ending}"
            _write_private(path, content)
            kept.append(Evidence(step=step, path=path, sha256=hashlib.sha256(content).hexdigest()))
        return kept


def _write_private(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
