"""What the bot lives through in the matrix: passes on several days, and what arrives before each."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from tests.house import FRIDAY, PROVEN, ROOT, ZONE, House

_LATER = FRIDAY + timedelta(minutes=2)
_THURSDAY = datetime(2021, 8, 5, 12, 0, tzinfo=ZONE)
#: Whoever is not granted the day before is let in again.
_FRIDAY_MORNING = datetime(2021, 8, 6, 7, 30, tzinfo=ZONE)
_SATURDAY = datetime(2021, 8, 7, 9, 0, tzinfo=ZONE)
_AUGUST = {day: date(2021, 8, day) for day in range(2, 7)}
#: Nothing waits for a person because of its kind.
BY_ITSELF = {"automatic_kinds": ["issue", "reissue", "cancel", "change"]}


@dataclass(frozen=True, kw_only=True)
class Stage:
    """One pass: when it is, and what has arrived since the last one."""

    name: str
    at: datetime
    arrive: Callable[[House], None]


@dataclass(frozen=True, kw_only=True)
class Story:
    """Some passes in one house."""

    stages: tuple[Stage, ...]
    settings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


def _first(house: House) -> None:
    """Granted, granted in part, rejected, held, held and urgent, unreadable, none of ours; one of them delivered twice."""
    house.receive("02", "08", "11", "14", "15", "20", "35", "46")
    _again(house, "02-brackets-value-below.eml", "02-once-more.eml")
    house.apply("0000777", employee_no="0031977", days=[_AUGUST[3], _AUGUST[4]], now=FRIDAY)
    house.apply("0000778", employee_no="0036421", days=[_AUGUST[3]], now=FRIDAY)
    house.apply("0000779", employee_no="0027733", days=[_AUGUST[3], _AUGUST[6]], now=FRIDAY)
    house.apply("0000780", employee_no="0019003", days=[_AUGUST[3], _AUGUST[4]], now=FRIDAY)


def _second(house: House) -> None:
    """A cancellation of all days and one of the last, a change, a lost password, somebody new, and a mail delivered again that was filed before."""
    earlier = "元の受付番号："
    house.apply("0000801", employee_no="0036421", days=[], now=_LATER, kind="取消", note=f"{earlier}0000778")
    days = [_AUGUST[4], _AUGUST[5]]
    house.apply("0000802", employee_no="0031977", days=days, now=_LATER, kind="変更", note=f"{earlier}0000777")
    house.apply("0000803", employee_no="0048213", days=[], now=_LATER, kind="再発行")
    days = [_AUGUST[4]]
    house.apply("0000805", employee_no="0019003", days=days, now=_LATER, kind="取消", note=f"{earlier}0000780")
    house.apply("0000804", employee_no="0041120", days=[_AUGUST[4]], now=_LATER)
    _again(house, "20-granted-in-part.eml", "20-once-more.eml")


def _third(house: House) -> None:
    """So many new ones that they are imported at once, while the first logins come to their end."""
    for number, employee in enumerate(("0042875", "0044316", "0046690", "0039902", "0033108"), 901):
        house.apply(f"0000{number}", employee_no=employee, days=[_AUGUST[6]], now=_THURSDAY)


def _again(house: House, sample: str, name: str) -> None:
    shutil.copyfile(ROOT / "inbox_samples" / sample, house.path / "mailbox" / "inbox" / name)


def _nothing(_house: House) -> None:
    """Nobody writes."""


#: Everything that a message and a request can become.
LIFE = Story(
    settings={"console": {"settle": 0.3, "import_from": 5}, "forms": PROVEN, "rules": BY_ITSELF},
    stages=(
        Stage(name="Friday", at=FRIDAY, arrive=_first),
        Stage(name="two minutes later", at=_LATER, arrive=_second),
        Stage(name="Thursday", at=_THURSDAY, arrive=_third),
        Stage(name="Friday morning", at=_FRIDAY_MORNING, arrive=_nothing),
        Stage(name="Saturday", at=_SATURDAY, arrive=_nothing),
    ),
)


def _one(house: House) -> None:
    house.apply("0000777", employee_no="0031977", days=[_AUGUST[3]], now=FRIDAY)


def _lost(house: House) -> None:
    house.apply("0000803", employee_no="0031977", days=[], now=_LATER, kind="再発行")


#: One login from its making to its end, step by step through a console's pages.
AT_CONSOLE = Story(
    settings={"forms": PROVEN, "rules": BY_ITSELF},
    stages=(
        Stage(name="made", at=FRIDAY, arrive=_one),
        Stage(name="renewed", at=_LATER, arrive=_lost),
        Stage(name="disabled", at=_SATURDAY, arrive=_nothing),
    ),
)
