"""Reads colours out of evidence: a browser decodes the picture."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from playwright.async_api import FloatRect, Page, async_playwright

from bot.console.browser import launch_arguments
from tests.console_kit import browser

MASK_COLOUR = "#4a5568"
_READ = """async ({ picture, box }) => {
  const image = new Image();
  image.src = picture;
  await image.decode();
  const canvas = new OffscreenCanvas(image.width, image.height).getContext("2d");
  canvas.drawImage(image, 0, 0);
  const inside = { x: Math.ceil(box.x), y: Math.ceil(box.y), width: Math.floor(box.width) - 1, height: Math.floor(box.height) - 1 };
  const { data } = canvas.getImageData(inside.x, inside.y, inside.width, inside.height);
  const found = new Set();
  for (let at = 0; at < data.length; at += 4)
    found.add("#" + [0, 1, 2].map((part) => data[at + part].toString(16).padStart(2, "0")).join(""));
  return [...found].sort();
}"""


@asynccontextmanager
async def empty_page() -> AsyncIterator[Page]:
    """A page of a browser that belongs to no console."""
    async with async_playwright() as playwright:
        started = await playwright.chromium.launch(executable_path=browser(), args=launch_arguments())
        yield await started.new_page(viewport={"width": 480, "height": 240})
        await started.close()


async def colours(page: Page, picture: Path, box: FloatRect) -> list[str]:
    """Return the colours of a picture inside ``box``, decoded by ``page``."""
    found: list[str] = await page.evaluate(_READ, {"picture": _data_url(picture), "box": box})
    return found


def _data_url(picture: Path) -> str:
    return f"data:image/png;base64,{base64.b64encode(picture.read_bytes()).decode()}"
