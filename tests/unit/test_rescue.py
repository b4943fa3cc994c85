"""What the browser's driver says is told in words that help, without anything that was typed or shown."""

from __future__ import annotations

import pytest

from bot.console.rescue import ambiguous, wanting

TYPED = "Abcdefg!2345678k"
HEAD = 'Locator.click: Timeout 600ms exceeded.\nCall log:\n  - waiting for locator("#a")'
FOUND = f'{HEAD}\n    - locator resolved to <button id="a" value="{TYPED}">A</button>\n  - attempting click action\n'


@pytest.mark.parametrize(
    ("message", "told"),
    [
        (f"{HEAD}\n", 'locator("#a"), and it is not there'),
        (f"{FOUND}    2 × waiting for element to be visible, enabled and stable\n      - element is not visible\n    - retrying\n", 'locator("#a"), and it is hidden'),
        (f"{FOUND}      - element is not enabled\n", 'locator("#a"), and it is disabled'),
        (f'{FOUND}    - fill("{TYPED}")\n      - element is not editable\n', 'locator("#a"), and it is read-only'),
        (f'{FOUND}      - element is not visible\n      - <div class="{TYPED}"></div> intercepts pointer events\n', 'locator("#a"), and something lies over it'),
        (f"{FOUND}      - did not find some options\n", 'locator("#a"), and it has no such choice'),
        (f'{HEAD} to be visible\n    7 × locator resolved to hidden <button id="a">A</button>\n', 'locator("#a") to be visible, and it is hidden'),
        ('Locator.fill: Timeout 9ms exceeded.\nCall log:\n  - waiting for get_by_label("日本")\n', 'get_by_label("日本"), and it is not there'),
        ("Page.wait_for_function: Timeout 600ms exceeded.", "Page.wait_for_function: Timeout 600ms exceeded."),
    ],
)  # fmt: skip
def test_what_was_waited_for_in_vain(message: str, told: str) -> None:
    """The thing by the flow's own words, and what kept it from us last."""
    assert wanting(message) == told
    assert TYPED not in wanting(message)


def test_what_is_there_twice() -> None:
    """Two things of one name are told as that; anything else is not."""
    message = 'Locator.click: Error: strict mode violation: locator(".d") resolved to 2 elements:\n    1) <button class="d">1</button>'
    assert ambiguous(message) == 'locator(".d") once, and it is there 2 times'
    assert ambiguous(HEAD) == ""
