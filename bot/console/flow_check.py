"""Tries a flow on the live console, with throw-away accounts that are disabled afterwards."""

from __future__ import annotations

import secrets
import string
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from operator import add
from pathlib import Path
from traceback import extract_tb
from typing import Any

from bot.console.evidence import Sensitive
from bot.console.playwright_console import PlaywrightConsole
from bot.console.promises import PROMISES, Broken, Trial
from bot.errors import AccessDenied, Unusable
from bot.model import Account, AccountSpec, Window
from bot.secret import Secret

#: Not kept where a flow can't log in as a user: worth knowing, and no fault.
TRUSTED = "logins_can_be_tried"


@dataclass(frozen=True, kw_only=True)
class Result:
    """Whether a promise holds; ``detail`` is the promise, or what was found instead."""

    promise: str
    ok: bool
    detail: str


@dataclass(kw_only=True)
class _Noting:
    """Passes every verb on, and notes which accounts were made."""

    inner: PlaywrightConsole
    made: set[str] = field(default_factory=set)

    async def create(self, spec: AccountSpec, secret: Secret) -> Account:
        """See :meth:`bot.console.port.Console.create`."""
        self.made.add(spec.login_id)
        return await self.inner.create(spec, secret)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the console has
        return getattr(self.inner, name)


@dataclass(frozen=True, kw_only=True)
class FlowCheck:
    """One run: every account's ID begins with ``prefix``, which must belong to nobody."""

    console: PlaywrightConsole
    #: The flow's file: what fails is told with the line there.
    source: Path
    prefix: str
    sample: AccountSpec
    narrow: Window
    first: Secret
    second: Secret
    evidence: Path
    #: Leave the rest after the first promise that is broken.
    stops: bool = False

    async def run(self) -> AsyncIterator[Result]:
        """Yield each promise as it has been tried; accounts are disabled before the last one.

        Where logging in, finding the screens or finding nobody fails already, nothing else is tried.
        Raises ``AccessDenied`` and ``Unusable``: then nothing can be tried.
        """
        noting = _Noting(inner=self.console)
        held = True
        async for result in self._groundwork():
            held = held and result.ok
            yield result
        if not held:
            yield Result(promise="the_rest", ok=False, detail="not tried: it needs what is broken above")
            return
        logins = await self._logins()
        yield logins
        async for result in self._promises(noting, can_tell=logins.ok):
            yield result
            if self.stops and not result.ok:
                yield Result(promise="the_rest", ok=False, detail="not tried: --stop was given")
                break
        yield await self._clean_up(noting.made)
        yield self._no_secret_kept()

    async def _groundwork(self) -> AsyncIterator[Result]:
        """Try what writes nothing and everything else needs; the second only when the first holds."""
        for name, verb, detail in (
            ("it_logs_in_and_finds_its_screens", self.console.probe, "login and probe find every landmark"),
            ("it_finds_nobody_where_nobody_is", self._finds_nobody, "find says so when there is no such account"),
        ):
            result = await self._tried(name, verb, detail)
            yield result
            if not result.ok:
                return

    async def _finds_nobody(self) -> None:
        name = f"{self.prefix}nobody"
        if found := await self.console.find(name):
            raise Broken(f"nobody is called {name}, and find returns {found.login_id}")

    async def _promises(self, noting: _Noting, *, can_tell: bool) -> AsyncIterator[Result]:
        batch = "".join(secrets.choice(string.ascii_lowercase) for _ in range(4))
        for number, (name, promise) in enumerate(PROMISES.items()):
            # Number first: a console that makes u2 of a taken u1 must not take another promise's.
            own = f"{self.prefix}{number:02d}{batch}"
            trial = Trial(
                console=noting, sample=self.sample, narrow=self.narrow, first=self.first, second=self.second,
                prefix=self.prefix, name=partial(add, own), works=self._works if can_tell else None,
            )  # fmt: skip
            yield await self._tried(name, partial(promise, trial), (promise.__doc__ or "").splitlines()[0])

    async def _tried(self, name: str, verb: Callable[[], Awaitable[object]], detail: str) -> Result:
        """Return whether ``verb`` ends well; a mistake in the flow's own code breaks one promise, and not the run."""
        try:
            await verb()
        except (AccessDenied, Unusable):
            raise
        except Exception as error:  # noqa: BLE001 - a flow that is being written may raise anything
            return Result(promise=name, ok=False, detail=self._told(error))
        return Result(promise=name, ok=True, detail=detail)

    def _told(self, error: Exception) -> str:
        """Say what went wrong, and in which line of the flow; without the rest of a text that may hold what was typed."""
        text = Sensitive(secrets=(self.first, self.second)).clean(str(error)).partition("\n")[0]
        lines = [frame.lineno for frame in extract_tb(error.__traceback__) if frame.filename == str(self.source)]
        where = f" ({self.source.name}, line {lines[-1]})" if lines else ""
        return f"{text}{where}" if isinstance(error, Broken) else f"{type(error).__name__}: {text}{where}"

    async def _logins(self) -> Result:
        """Say whether passwords can be proved by logging in."""
        answers = []

        async def ask() -> None:
            answers.append(await self.console.user_logs_in(f"{self.prefix}nobody", self.first))
            if answers == [True]:
                raise Broken("user_logs_in says that an account can log in which is not there")

        result = await self._tried("a_login_of_nobody_is_refused", ask, "")
        if not result.ok:
            return result
        return Result(
            promise=TRUSTED, ok=answers == [False],
            detail="the flow has no user_logs_in: passwords are taken on trust" if answers == [None] else "passwords are proved by logging in",
        )  # fmt: skip

    async def _works(self, login_id: str, secret: Secret) -> bool:
        return bool(await self.console.user_logs_in(login_id, secret))

    async def _clean_up(self, made: set[str]) -> Result:
        left = []
        for login_id in sorted(made):
            try:
                await self.console.disable(login_id)
            except Exception as error:  # noqa: BLE001 - the others are disabled all the same
                left.append(f"{login_id} ({self._told(error)})")
        await self.console.close()
        return Result(
            promise="accounts_are_disabled_afterwards", ok=not left,
            detail=f"disable by hand: {', '.join(left)}" if left else f"disabled, to be removed when you like: {', '.join(sorted(made))}",
        )  # fmt: skip

    def _no_secret_kept(self) -> Result:
        canaries = [secret.reveal().encode() for secret in (self.first, self.second)]
        files = [file for file in self.evidence.rglob("*") if file.is_file()]
        telling = [str(file) for file in files if any(canary in file.read_bytes() for canary in canaries)]
        return Result(
            promise="no_password_in_evidence", ok=not telling,
            detail=f"a password stands in {', '.join(telling)}" if telling else f"{len(files)} files in {self.evidence}, none holds a password",
        )  # fmt: skip
