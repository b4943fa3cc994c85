"""What a page looks like to the bot, for those who write a flow: its outline, and the fields that have no label."""

from __future__ import annotations

from contextlib import suppress
from functools import reduce
from typing import Literal

from playwright.async_api import Locator, Page
from playwright.async_api import TimeoutError as PlaywrightTimeout

from bot.console.evidence import EvidenceStore, Sensitive

_QUIET = 3_000  # ms; pages that never stop loading are shown as they are
_CLICKED: tuple[Literal["button", "link", "tab", "menuitem"], ...] = ("button", "link", "tab", "menuitem")
_UNLABELLED = """() => [...document.querySelectorAll("input, select, textarea")]
    .filter(one => one.checkVisibility() && !["submit", "button", "reset"].includes(one.type))
    .filter(one => !one.labels?.length && !one.ariaLabel && !one.getAttribute("aria-labelledby") && !one.title)
    .map(one => one.name ? `${one.localName}[name="${one.name}"]` : one.id ? `${one.localName}[id="${one.id}"]` : null)
    .filter(one => one)"""


def called(page: Page, name: str) -> Locator:
    """Return the first visible button, link, tab or menu entry of exactly this name."""
    places = (page.get_by_role(role, name=name, exact=True) for role in _CLICKED)
    return reduce(Locator.or_, places).filter(visible=True).first


async def described(page: Page, store: EvidenceStore, sensitive: Sensitive) -> str:
    """Return the outline of ``page`` without what is filled in, and CSS selectors of the fields that nothing names."""
    with suppress(PlaywrightTimeout):
        await page.wait_for_load_state("networkidle", timeout=_QUIET)
    outline = await store.outline(page, sensitive)
    fields: list[str] = await page.evaluate(_UNLABELLED)
    if not fields:
        return outline
    return "\n".join(
        [outline, "# fields without a label, for self.page.locator(…):", *(f"#   {one}" for one in fields)]
    )
