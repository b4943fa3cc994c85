"""The promises of the console port, each as something that can be tried: by the tests on every console, by ``flow check`` on yours.

A promise is tried with throw-away accounts. It raises ``Broken`` with one sentence when it does not hold.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace

from bot.console.port import Ability, Console
from bot.errors import AccountConflict, BotError
from bot.model import Account, AccountSpec, AccountState, Window
from bot.secret import Secret


class Broken(Exception):
    """Raised when a console does not keep a promise; says what it did instead."""


@dataclass(frozen=True, kw_only=True)
class Trial:
    """A console on trial, and what can be asked about it outside of the verbs."""

    console: Console
    #: What new accounts look like; the login ID is replaced.
    sample: AccountSpec
    #: A window inside the sample's.
    narrow: Window
    #: Two passwords that the console takes.
    first: Secret
    second: Secret
    #: What every login ID of the trial begins with.
    prefix: str
    #: A login ID of the trial's own, for each suffix another one; the same each time.
    name: Callable[[str], str]
    #: Tells whether a login works now; ``None`` where nobody can tell.
    works: Callable[[str, Secret], Awaitable[bool]] | None = None
    #: Counts what was ever written, by the console's own record; ``None`` where it has none.
    writes: Callable[[], Awaitable[int]] | None = None

    def spec(self, *, mail: str = "") -> AccountSpec:
        """Return an account to make."""
        return replace(self.sample, login_id=self.name(""), mail=mail or self.sample.mail)

    def shown(self, window: Window) -> Window | None:
        """Return the window that the console shows for ``window``: none where it keeps none."""
        return window if Ability.WINDOW in self.console.abilities else None

    async def must_work(self, login_id: str, secret: Secret, *, yes: bool = True) -> None:
        """Be sure that a login works, or that it does not, where somebody can tell."""
        if self.works and await self.works(login_id, secret) is not yes:
            raise Broken(
                f"the login of {login_id} {'does not work' if yes else 'works'}, and should{'' if yes else ' not'}"
            )

    async def must_find(self, login_id: str) -> Account:
        """Return the account, which must be there."""
        found = await self.console.find(login_id)
        if found is None or found.login_id != login_id:
            raise Broken(f"{login_id} is there, and find returns {found and found.login_id}")
        return found


async def create_and_find_agree(trial: Trial) -> None:
    """What was created is found under its exact ID, with its address, name and validity, and its password works."""
    spec = trial.spec()
    if await trial.console.find(spec.login_id) is not None:
        raise Broken(f"{spec.login_id} is there before it was made")
    made = await trial.console.create(spec, trial.first)
    found = await trial.must_find(spec.login_id)
    _same("find after create", found, made)
    _same("address", made.mail, spec.mail)
    _same("state", made.state, AccountState.ACTIVE)
    _same("validity", made.window, trial.shown(spec.window))
    if Ability.NAME in trial.console.abilities:
        _same("name", made.name, spec.name)
    await trial.must_work(spec.login_id, trial.first)


async def only_the_exact_id_is_found(trial: Trial) -> None:
    """IDs that begin or end alike are other accounts."""
    name = trial.name("")
    longer = f"{trial.prefix}{name}"
    for other in (f"{name}0", longer):
        await trial.console.create(replace(trial.sample, login_id=other), trial.first)
    if await trial.console.find(name) is not None:
        raise Broken(f"{name} is not there, and find returns an account that only looks like it")
    await trial.must_find(longer)


async def everyone_is_listed(trial: Trial) -> None:
    """Where the console lists its accounts, those made and disabled are in it once, as find shows them; others are not."""
    if Ability.LIST not in trial.console.abilities:
        return
    made, closed = trial.name("a"), trial.name("b")
    for name in (made, closed):
        await trial.console.create(replace(trial.sample, login_id=name), trial.first)
    await trial.console.disable(closed)
    before = await _writes(trial)
    listed = await trial.console.everyone(trial.name(""))
    _same("accounts listed", sorted(account.login_id for account in listed), sorted([made, closed]))
    for account in listed:
        found = await trial.must_find(account.login_id)
        shown = replace(account, mail=account.mail or found.mail, window=account.window or found.window)
        _same("the account as listed", shown, found)
    if {made, closed} - {account.login_id for account in await trial.console.everyone()}:
        raise Broken("an account that was made is missing in the list of all")
    _same("writes of listing", await _writes(trial), before)


async def a_second_create_is_a_conflict(trial: Trial) -> None:
    """An ID that is taken is told, nothing is doubled or misreported, and the first password stays."""
    spec = trial.spec()
    await trial.console.create(spec, trial.first)
    before = await _writes(trial)
    try:
        await trial.console.create(trial.spec(mail=f"other.{spec.mail}"), trial.second)
    except AccountConflict:
        pass
    else:
        raise Broken("a second create of the same ID is told as success")
    _same("address after a second create", (await trial.must_find(spec.login_id)).mail, spec.mail)
    _same("writes of a second create", await _writes(trial), before)
    await trial.must_work(spec.login_id, trial.first)
    await trial.must_work(spec.login_id, trial.second, yes=False)


async def reset_sets_password_and_window_and_enables(trial: Trial) -> None:
    """After a reset only the new password works, a disabled account is enabled, and the validity is the one given."""
    name = trial.spec().login_id
    await trial.console.create(trial.spec(), trial.first)
    await trial.console.disable(name)
    await trial.must_work(name, trial.first, yes=False)
    await trial.console.reset_password(name, trial.second, trial.narrow)
    await trial.must_work(name, trial.second)
    await trial.must_work(name, trial.first, yes=False)
    found = await trial.must_find(name)
    _same("state after a reset", found.state, AccountState.ACTIVE)
    _same("validity after a reset", found.window, trial.shown(trial.narrow))


async def reset_alone_leaves_the_window(trial: Trial) -> None:
    """A reset without a validity changes the password and nothing else."""
    name = trial.spec().login_id
    made = await trial.console.create(trial.spec(), trial.first)
    await trial.console.reset_password(name, trial.second)
    _same("account after a reset", await trial.must_find(name), made)
    await trial.must_work(name, trial.second)


async def reset_without_an_account_is_told(trial: Trial) -> None:
    """There is nothing to reset where there is no account: ``KeyError``, and nothing is made."""
    before = await _writes(trial)
    try:
        await trial.console.reset_password(trial.name("none"), trial.second, trial.narrow)
    except KeyError:
        pass
    else:
        raise Broken("a reset of an account that is not there is told as success")
    _same("writes of a reset without an account", await _writes(trial), before)


async def a_refused_password_is_no_success(trial: Trial) -> None:
    """A password that the console's policy refuses is told as an error, or else it works."""
    name, weak = trial.spec().login_id, Secret("a")
    await trial.console.create(trial.spec(), trial.first)
    try:
        await trial.console.reset_password(name, weak)
    except BotError:
        await trial.must_work(name, trial.first)
    else:
        await trial.must_work(name, weak)


async def disable_twice_is_success(trial: Trial) -> None:
    """Already disabled, or gone, is as good as disabled, and writes nothing."""
    name = trial.spec().login_id
    await trial.console.create(trial.spec(), trial.first)
    await trial.console.disable(name)
    _same("state after disable", (await trial.must_find(name)).state, AccountState.DISABLED)
    await trial.must_work(name, trial.first, yes=False)
    before = await _writes(trial)
    await trial.console.disable(name)
    await trial.console.disable(trial.name("none"))
    _same("writes of a second disable", await _writes(trial), before)


async def enable_leaves_the_password(trial: Trial) -> None:
    """A disabled login that is enabled works with the password and the validity it had; already enabled writes nothing."""
    name = trial.spec().login_id
    made = await trial.console.create(trial.spec(), trial.first)
    await trial.console.disable(name)
    await trial.console.enable(name)
    _same("account after enable", await trial.must_find(name), made)
    await trial.must_work(name, trial.first)
    before = await _writes(trial)
    await trial.console.enable(name)
    _same("writes of a second enable", await _writes(trial), before)


async def enable_without_an_account_is_told(trial: Trial) -> None:
    """There is nothing to enable where there is no account: ``KeyError``."""
    try:
        await trial.console.enable(trial.name("none"))
    except KeyError:
        return
    raise Broken("to enable an account that is not there is told as success")


async def a_new_window_alone_leaves_the_rest(trial: Trial) -> None:
    """Where the console keeps a validity, it can be changed and nothing else; a disabled login stays disabled."""
    if Ability.WINDOW not in trial.console.abilities:
        return
    name = trial.spec().login_id
    made = await trial.console.create(trial.spec(), trial.first)
    await trial.console.set_window(name, trial.narrow)
    _same("account with a new validity", await trial.must_find(name), replace(made, window=trial.narrow))
    await trial.must_work(name, trial.first)
    await trial.console.disable(name)
    await trial.console.set_window(name, trial.sample.window)
    _same("state after a new validity", (await trial.must_find(name)).state, AccountState.DISABLED)
    try:
        await trial.console.set_window(trial.name("none"), trial.narrow)
    except KeyError:
        return
    raise Broken("the validity of an account that is not there is set with success")


async def looking_writes_nothing(trial: Trial) -> None:
    """probe and find change nothing, proved by the console's own record where it has one."""
    before = await _writes(trial)
    await trial.console.probe()
    await trial.console.find(trial.name("none"))
    _same("writes of probe and find", await _writes(trial), before)


async def it_can_be_used_again_after_close(trial: Trial) -> None:
    """close lets go of everything, twice is harmless, and the next verb begins anew."""
    await trial.console.create(trial.spec(), trial.first)
    await trial.console.close()
    await trial.console.close()
    await trial.must_find(trial.spec().login_id)


PROMISES: Mapping[str, Callable[[Trial], Awaitable[None]]] = {
    promise.__name__: promise
    for promise in (
        create_and_find_agree,
        only_the_exact_id_is_found,
        everyone_is_listed,
        a_second_create_is_a_conflict,
        reset_sets_password_and_window_and_enables,
        reset_alone_leaves_the_window,
        reset_without_an_account_is_told,
        a_refused_password_is_no_success,
        disable_twice_is_success,
        enable_leaves_the_password,
        enable_without_an_account_is_told,
        a_new_window_alone_leaves_the_rest,
        looking_writes_nothing,
        it_can_be_used_again_after_close,
    )
}


async def _writes(trial: Trial) -> int:
    return await trial.writes() if trial.writes else 0


def _same(what: str, found: object, wanted: object) -> None:
    if found != wanted:
        raise Broken(f"{what}: {found}, and should be {wanted}")
