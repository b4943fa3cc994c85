"""Tries a flow on the live console, with throw-away accounts that are disabled afterwards."""

from __future__ import annotations

import secrets
import string
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from functools import partial
from operator import add
from pathlib import Path
from typing import Any

from bot.console.playwright_console import PlaywrightConsole
from bot.console.promises import PROMISES, Broken, Trial
from bot.errors import AccessDenied, BotError, Unusable
from bot.model import Account, AccountSpec, Window
from bot.secret import Secret

_ALPHABET = string.ascii_lowercase + string.digits


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
    prefix: str
    sample: AccountSpec
    narrow: Window
    first: Secret
    second: Secret
    evidence: Path

    async def run(self) -> AsyncIterator[Result]:
        """Yield each promise as it has been tried; accounts are disabled before the last one.

        Raises ``AccessDenied`` and ``Unusable``: then nothing can be tried.
        """
        noting = _Noting(inner=self.console)
        batch = "".join(secrets.choice(_ALPHABET) for _ in range(4))
        can_tell = await self._can_tell()
        yield Result(
            promise="logins_can_be_tried", ok=can_tell,
            detail="passwords are proved by logging in" if can_tell else "the flow has no user_logs_in: passwords are taken on trust",
        )  # fmt: skip
        for number, (name, promise) in enumerate(PROMISES.items()):
            own = f"{self.prefix}{batch}{number:02d}"  # with two digits no ID of one promise is another's with a suffix
            trial = Trial(
                console=noting, sample=self.sample, narrow=self.narrow, first=self.first, second=self.second,
                prefix=self.prefix, name=partial(add, own), works=self._works if can_tell else None,
            )  # fmt: skip
            try:
                await promise(trial)
            except (AccessDenied, Unusable):
                raise
            except (Broken, BotError, KeyError) as error:
                yield Result(promise=name, ok=False, detail=f"{type(error).__name__}: {error}")
            else:
                yield Result(promise=name, ok=True, detail=(promise.__doc__ or "").splitlines()[0])
        yield await self._clean_up(noting.made)
        yield self._no_secret_kept()

    async def _can_tell(self) -> bool:
        return await self.console.user_logs_in(f"{self.prefix}nobody", self.first) is not None

    async def _works(self, login_id: str, secret: Secret) -> bool:
        return bool(await self.console.user_logs_in(login_id, secret))

    async def _clean_up(self, made: set[str]) -> Result:
        left = []
        for login_id in sorted(made):
            try:
                await self.console.disable(login_id)
            except BotError as error:
                left.append(f"{login_id} ({error})")
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
