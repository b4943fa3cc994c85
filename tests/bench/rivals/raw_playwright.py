"""A plain Playwright script on MeshCentral: one page, no look before, no read-back, no evidence; ``naive`` starts anew for each ID.

``python raw_playwright.py ORDERS.json [naive]`` prints the seconds that the IDs took; start and login count for ``naive`` alone.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, Playwright, sync_playwright

_FACTS = "#p30html tr, #p30html .row"


def log_in(playwright: Playwright, job: dict[str, Any]) -> Page:
    """Return a page that shows the list of users."""
    browser = playwright.chromium.launch(executable_path=job["executable"], args=job["arguments"])
    page = browser.new_page(locale="ja-JP", viewport={"width": 1280, "height": 900})
    page.goto(f"{job['url']}?viewmode=4&lang=en")
    page.get_by_role("textbox", name="Username").fill(job["user"])
    page.get_by_role("textbox", name="Password").fill(job["password"])
    page.get_by_role("button", name="Log In").click()
    page.get_by_role("button", name="New Account...").wait_for()
    return page


def create(page: Page, order: dict[str, str]) -> None:
    """Make one account with its real name."""
    page.get_by_role("button", name="New Account...").click()
    page.fill("#p4name", order["id"])
    page.fill("#p4email", order["mail"])
    page.fill("#p4pass1", order["secret"])
    page.fill("#p4pass2", order["secret"])
    page.check("#p4resetNextLogin")
    page.locator("#p4pass2").blur()
    page.get_by_role("button", name="OK", exact=True).click()
    page.fill("#UserSearchInput", f"name:{order['id']}")
    page.press("#UserSearchInput", "End")
    page.locator(f'tr:has(.UserCheckbox[value$="%2F{order["id"]}"]) [onclick^=gotoUser]').click()
    page.locator("#p30userName").filter(has_text=order["id"]).wait_for()
    fact = page.locator(_FACTS).filter(has=page.get_by_text("Real Name", exact=True))
    fact.locator("[onclick]").first.click()
    page.fill("#dp30realname", order["name"])
    page.locator("#dp30realname").blur()
    page.get_by_role("button", name="OK", exact=True).click()
    fact.filter(has_text=order["name"]).wait_for()
    page.locator("#LeftMenuMyUsers").click()


def main() -> None:
    """Make all of them."""
    job = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    with sync_playwright() as playwright:
        if "naive" in sys.argv:
            started = time.perf_counter()
            for order in job["orders"]:
                page = log_in(playwright, job)
                create(page, order)
                browser = page.context.browser
                if browser:
                    browser.close()
        else:
            page = log_in(playwright, job)
            started = time.perf_counter()
            for order in job["orders"]:
                create(page, order)
    sys.stdout.write(json.dumps({"seconds": time.perf_counter() - started}))


if __name__ == "__main__":
    main()
