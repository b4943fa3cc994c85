"""Writes the mails of a year into the inbox, as the server receives them."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from pathlib import Path

from bot.clock import Clock
from tests.house import CHECKED, House, in_kanji
from tests.scenario.year.arrivals import Arrival, Wanted

_KINDS = {Wanted.CANCEL: "取消", Wanted.LOST: "再発行"}
_DEPARTMENT = "総務部総務課"
#: How far an earlier process of the simulation came.
_FED = "fed"


def number_of(employee: int) -> str:
    """Return an employee's number; nobody has the one of a stranger."""
    return f"{employee + 1:07d}" if employee >= 0 else "9999999"


def name_of(employee: int) -> str:
    """Return an employee's name."""
    return f"職員　{in_kanji(number_of(employee)[-4:])}"


def write_staff(house: House, staff: int) -> None:
    """Write the directory's export."""
    rows = [f"{number_of(one)},{name_of(one)},{_DEPARTMENT},e{number_of(one)}@city.example.jp" for one in range(staff)]
    text = "\n".join(["職員番号,氏名,所属,メールアドレス", *rows, ""])
    (house.path / "staff.csv").write_text(text, encoding="utf-8")


@dataclass(frozen=True, kw_only=True)
class Server:
    """Puts each mail into the inbox when it is received; none is put twice, but where it is delivered twice."""

    house: House
    arrivals: Sequence[Arrival]
    clock: Clock

    async def run(self) -> None:
        """Go on where an earlier process came to: the server received while the bot was gone."""
        done = int(self._fed.read_text(encoding="utf-8")) if self._fed.exists() else 0
        for number in range(done, len(self.arrivals)):
            arrival = self.arrivals[number]
            await asyncio.sleep(max(0.0, (arrival.at - self.clock.now()).total_seconds()))
            self._put(arrival, f"{arrival.name}.eml")
            if arrival.twice:
                self._put(arrival, f"{arrival.name}-again.eml")
            # Together with the mail: the process dies at boundaries, and this is none.
            self._fed.write_text(str(number + 1), encoding="utf-8")

    @property
    def _fed(self) -> Path:
        return self.house.path.parent / _FED

    def _put(self, arrival: Arrival, name: str) -> None:
        file = self.house.path / "mailbox" / "inbox" / name
        file.write_bytes(_mail(arrival))


async def keep_directory_fresh(house: House, clock: Clock) -> None:
    """Export the staff directory every night, as the personnel system does."""
    while True:
        now = clock.now()
        os.utime(house.path / "staff.csv", (now.timestamp(), now.timestamp()))
        await asyncio.sleep(24 * 3600)


def _mail(arrival: Arrival) -> bytes:
    head = [
        f"Authentication-Results: {CHECKED}",
        f"Received: from form by mx.city.example.jp; {format_datetime(arrival.at)}",
        f"Message-ID: <{arrival.name}@apply.city.example.jp>", "From: noreply@apply.city.example.jp",
        "To: telework-id@city.example.jp", "Subject: =?UTF-8?B?55Sz6KuL?=", "MIME-Version: 1.0",
        "Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: 8bit",
    ]  # fmt: skip
    return "\r\n".join([*head, "", *_body(arrival), ""]).encode()


def _body(arrival: Arrival) -> list[str]:
    if arrival.wanted is Wanted.UNREADABLE:
        return []
    lines = [
        f"受付番号：{arrival.name}", f"申請日時：{_moment(arrival.at)}",
        f"申請区分：{_KINDS.get(arrival.wanted, '新規')}", f"職員番号：{number_of(arrival.employee)}",
        f"氏名：{name_of(arrival.employee)}", f"所属：{_DEPARTMENT}",
    ]  # fmt: skip
    if arrival.days:
        lines += [f"利用日：{'、'.join(f'{day:%Y/%m/%d}' for day in arrival.days)}", "実施場所：自宅"]
    if arrival.wanted is Wanted.URGENT:
        lines.append("緊急の理由：濃厚接触者となったため")
    if arrival.of:
        lines.append(f"元の受付番号：{arrival.of}")
    return lines


def _moment(at: datetime) -> str:
    return f"{at:%Y/%m/%d %H:%M:%S}"
