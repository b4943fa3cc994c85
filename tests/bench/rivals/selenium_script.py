"""A plain Selenium script on MeshCentral: one page, no look before, no read-back, no evidence.

``python selenium_script.py ORDERS.json`` prints the seconds that the IDs took, without start and login.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

_SECONDS = 15
_OK = "//*[@value='OK' or normalize-space(text())='OK'][self::input or self::button]"
_FACT = "//*[self::tr or contains(@class,'row')][ancestor::*[@id='p30html']][.//*[normalize-space(text())='Real Name']]"


class Script:
    """The browser and how to wait in it."""

    def __init__(self, job: dict[str, Any]) -> None:
        options = webdriver.ChromeOptions()
        options.binary_location = job["executable"]
        for argument in ("--headless=new", "--window-size=1280,900", "--lang=ja-JP", *job["arguments"]):
            options.add_argument(argument)
        self.driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(job["chromedriver"]))
        self._wait = WebDriverWait(self.driver, _SECONDS, poll_frequency=0.02, ignored_exceptions=[Exception])

    def find(self, by: str, what: str) -> WebElement:
        """Wait for something that can be clicked."""

        def shown(driver: webdriver.Chrome) -> WebElement | None:
            found = [one for one in driver.find_elements(by, what) if one.is_displayed() and one.is_enabled()]
            return found[0] if found else None

        return self._wait.until(shown)

    def type(self, what: str, text: str) -> None:
        """Replace what stands in a field."""
        field = self.find(By.CSS_SELECTOR, what)
        field.clear()
        field.send_keys(text)

    def log_in(self, job: dict[str, Any]) -> None:
        """Show the list of users."""
        self.driver.get(f"{job['url']}?viewmode=4&lang=en")
        self.type("#username", job["user"])
        self.type("#password", job["password"])
        self.find(By.CSS_SELECTOR, "#password").send_keys(Keys.ENTER)
        self.find(By.XPATH, "//*[@value='New Account...' or normalize-space(text())='New Account...']")

    def create(self, order: dict[str, str]) -> None:
        """Make one account with its real name."""
        self.find(By.XPATH, "//*[@value='New Account...' or normalize-space(text())='New Account...']").click()
        self.type("#p4name", order["id"])
        self.type("#p4email", order["mail"])
        self.type("#p4pass1", order["secret"])
        self.type("#p4pass2", order["secret"])
        self.find(By.CSS_SELECTOR, "#p4resetNextLogin").click()
        self.find(By.XPATH, _OK).click()
        self.type("#UserSearchInput", f"name:{order['id']}")
        row = f"//tr[.//*[contains(@class,'UserCheckbox') and contains(@value,'%2F{order['id']}')]]//*[starts-with(@onclick,'gotoUser')]"
        self._wait.until(lambda _: self._click(row))
        self._wait.until(lambda driver: driver.find_element(By.ID, "p30userName").text == order["id"])
        self._wait.until(lambda _: self._click(f"{_FACT}//*[@onclick]"))
        self.type("#dp30realname", order["name"])
        self.find(By.XPATH, _OK).click()
        self._wait.until(lambda driver: order["name"] in driver.find_element(By.XPATH, _FACT).text)
        self.find(By.CSS_SELECTOR, "#LeftMenuMyUsers").click()

    def _click(self, what: str) -> bool:
        self.driver.find_element(By.XPATH, what).click()
        return True


def main() -> None:
    """Make all of them."""
    job = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    script = Script(job)
    try:
        script.log_in(job)
        started = time.perf_counter()
        for order in job["orders"]:
            script.create(order)
        seconds = time.perf_counter() - started
    finally:
        script.driver.quit()
    sys.stdout.write(json.dumps({"seconds": seconds}))


if __name__ == "__main__":
    main()
