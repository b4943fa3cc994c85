"""Finds every boundary while a pass runs, gives each moment before and after it a name, and dies at the one that is asked for.

Nothing is listed by hand: what a port or a flow can do is taken from its class, commits from the database's own events,
moves of mails from the interpreter's audit events. What is added there later is a boundary by itself.
"""

from __future__ import annotations

import inspect
import os
import signal
import sys
import threading
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Pool, event

from bot.console.flow import Flow
from bot.ledger.records import Event

_DISK = {"os.link": "link", "os.rename": "rename", "os.remove": "remove"}
_NO_RETURN = ("submit", "confirm")
_LEDGER_CALL: ContextVar[str] = ContextVar("ledger_call", default="open")


class Kind(StrEnum):
    """What a boundary is of."""

    #: A transaction that changed the ledger.
    LEDGER = "ledger"
    #: A call of the mailbox port.
    MAILBOX = "mailbox"
    #: A mail that goes out.
    SEND = "send"
    #: A name in the mailbox's folders that appears, moves or goes: the inside of filing and sending.
    DISK = "disk"
    #: A verb of the console port.
    CONSOLE = "console"
    #: A step of a flow, its submit and its confirmation.
    STEP = "step"
    #: A change in the console's own record, made before the bot hears of it.
    WRITE = "write"


@dataclass(frozen=True, kw_only=True)
class Moment:
    """When a process can be killed: before or after the n-th time that something is done."""

    when: str
    kind: Kind
    name: str

    @classmethod
    def read(cls, text: str) -> Moment:
        """Return the moment that a line of a trace tells of."""
        when, kind, name = text.partition(" #")[0].split(" ", 2)
        return cls(when=when, kind=Kind(kind), name=name)


class Gate:
    """Writes down each moment as it comes; at the ``fatal`` one the process and its browser are gone at once."""

    def __init__(self, trace: Path, *, fatal: str = "") -> None:
        self._trace = os.open(trace, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        self._fatal = fatal
        self._seen: Counter[str] = Counter()
        self._turn = threading.Lock()

    def moment(self, when: str, kind: Kind, name: str) -> None:
        """Pass a moment, if it is not the fatal one."""
        with self._turn:
            self._seen[f"{when} {kind} {name}"] += 1
            told = f"{when} {kind} {name} #{self._seen[f'{when} {kind} {name}']}"
            os.write(self._trace, f"{told}\n".encode())
            if told == self._fatal:
                cut_off(os.getpid())

    def around(self, port: Any, kind: Kind) -> Any:  # noqa: ANN401 - stands in for any port
        """Return the port with a boundary at each of its coroutines; the ledger's are its commits."""
        return _Guarded(self, port, kind)

    def watch_ledger(self) -> None:
        """Have a boundary at every commit of this process that changed something, whoever makes it."""

        def before(connection: Connection) -> None:
            connection.connection.record_info["committing"] = _LEDGER_CALL.get()  # type: ignore[index] # a pooled one has it
            self.moment("before", Kind.LEDGER, _LEDGER_CALL.get())

        def after(_raw: object, record: Any) -> None:  # noqa: ANN401 - SQLAlchemy's own
            if name := record.record_info.pop("committing", ""):
                self.moment("after", Kind.LEDGER, name)

        before_each_change(before)
        event.listen(Pool, "checkin", after)

    def watch_disk(self, folder: Path) -> None:
        """Have a boundary before each link, rename and removal below ``folder``."""

        def hook(action: str, arguments: tuple[Any, ...]) -> None:
            if action not in _DISK:
                return
            places = [Path(os.fsdecode(one)) for one in arguments[:2] if isinstance(one, str | bytes | os.PathLike)]
            if any(place.is_relative_to(folder) for place in places):
                self.moment(
                    "before", Kind.DISK, f"{_DISK[action]} {' to '.join(place.parent.name for place in places)}"
                )

        sys.addaudithook(hook)

    def watch_flow(self, flow: type[Flow]) -> type[Flow]:
        """Return the flow with a boundary at each step, and at what it does around the point of no return."""
        gate = self

        @asynccontextmanager
        async def step(self: Flow, name: str) -> AsyncIterator[None]:
            gate.moment("before", Kind.STEP, name)
            async with flow.step(self, name):
                yield
            gate.moment("after", Kind.STEP, name)

        members: dict[str, Any] = {"step": step, "__module__": flow.__module__}
        for name in no_return(flow):
            members[name] = _bounded(self, getattr(flow, name), name)
        return type(flow.__name__, (flow,), members)


class _Guarded:
    def __init__(self, gate: Gate, port: Any, kind: Kind) -> None:  # noqa: ANN401 - stands in for any port
        self._gate, self._port, self._kind = gate, port, kind

    def __getattr__(self, method: str) -> Any:  # noqa: ANN401 - whatever the port has
        found = getattr(self._port, method)
        return self._guarded(method, found) if inspect.iscoroutinefunction(found) else found

    def _guarded(self, method: str, act: Callable[..., Any]) -> Callable[..., Any]:
        kind = Kind.SEND if self._kind is Kind.MAILBOX and method == "send" else self._kind

        async def call(*arguments: Any, **named: Any) -> Any:  # noqa: ANN401 - passes everything on
            if kind is Kind.LEDGER:
                _LEDGER_CALL.set(_ledger_call(method, arguments, named))
                return await act(*arguments, **named)
            self._gate.moment("before", kind, method)
            result = await act(*arguments, **named)
            self._gate.moment("after", kind, method)
            return result

        return call


def before_each_change(act: Callable[[Connection], None]) -> None:
    """Have ``act`` called before each commit of this process that changes a ledger in a file."""

    def begin(connection: Connection) -> None:
        # A connection serves many questions: what it changed before this one does not count.
        connection.connection.record_info["changes"] = _changes(connection)  # type: ignore[index] # a pooled one has it

    def commit(connection: Connection) -> None:
        if _changes(connection) > connection.connection.record_info["changes"]:  # type: ignore[index] # as above
            act(connection)

    event.listen(Engine, "begin", begin)
    event.listen(Engine, "commit", commit)


def _changes(connection: Connection) -> int:
    raw = connection.connection.dbapi_connection
    return raw.total_changes if raw is not None else 0


def no_return(flow: type) -> list[str]:
    """Return the flow's coroutines around the point of no return, those of its own bases included."""
    return [
        name for name in dir(flow) if name.startswith(_NO_RETURN) and inspect.iscoroutinefunction(getattr(flow, name))
    ]


def cut_off(process: int) -> None:
    """Kill a process and everything that descends from it, as a power cut would; the process may be this one."""
    for child in _descendants(process):
        with suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
    with suppress(ProcessLookupError):
        os.kill(process, signal.SIGKILL)


def _descendants(process: int) -> list[int]:
    found: list[int] = []
    for file in Path(f"/proc/{process}/task").glob("*/children"):
        with suppress(OSError):
            for child in map(int, file.read_text(encoding="ascii").split()):
                found += [child, *_descendants(child)]
    return found


def _bounded(gate: Gate, act: Callable[..., Any], name: str) -> Callable[..., Any]:
    async def call(self: Flow, *arguments: Any, **named: Any) -> Any:  # noqa: ANN401 - passes everything on
        told = f"{name} of {self._step}"
        gate.moment("before", Kind.STEP, told)
        result = await act(self, *arguments, **named)
        gate.moment("after", Kind.STEP, told)
        return result

    return call


def _ledger_call(method: str, arguments: tuple[Any, ...], named: dict[str, Any]) -> str:
    events = [one for one in (*arguments, *named.values()) if isinstance(one, Event)]
    return " ".join([method, *(f"{one.action} {one.outcome}" for one in events)])
