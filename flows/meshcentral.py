"""MeshCentral 1.1.55, an open-source remote-desktop server; run on its two skins (``siteStyle`` 2 and 3) in 2026-11.

Its pages are asked for in English. Its accounts have no validity, department, pool or zone. "Disabled" is its account lock.
Most of what it does shows nowhere on its pages: the proof is what it tells them over their websocket.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping, Sequence
from functools import partial
from typing import Any

from playwright.async_api import Locator

from bot.console.many import by_import
from bot.console.port import Ability, Created, Order
from bot.console.socket_flow import SocketFlow
from bot.console.stage import Landmark
from bot.errors import AccessDenied, AccountConflict, ConsoleDrift
from bot.model import Account, AccountSpec, AccountState, Window
from bot.secret import Secret

USERS = Landmark(screen="My Users", role="heading", name="My Users")
USERS_PAGE, LEFT_MENU = "?viewmode=4&lang=en", "#LeftMenuMyUsers"  # the main menu hides a twin of it
IN_THE_WAY = "#p0, #idx_dlgOkButton, #idx_dlgCancelButton"  # the connection is lost, or a dialog is open
IMPORT, DETAILS, FACTS = "#p4UserBatchCreate", "#p30userName", "#p30html tr, #p30html .row"
LOCKED, LOCK, FIRST_CHANGE = "Locked account", "Lock Account", "Force password reset on next login."
REFUSED_FILE, FULL = "Invalid JSON file", "Account limit reached."
PASSWORD_CHANGED = 75  # the number of the message "Changed account credentials"
KNOWN = "key => users !== null && {user: users[`user//${key}`] || null}"  # the console keeps the page up to date


class MeshCentralFlow(SocketFlow):
    """User administration of MeshCentral: My Users, and the page of a user."""

    LOGIN = Landmark(screen="Log In", role="button", name="Log In")
    ABILITIES = frozenset({Ability.FIRST_CHANGE, Ability.NAME, Ability.IMPORT, Ability.LIST})

    async def login(self, user: str, password: Secret) -> None:
        """See :class:`bot.console.flow.Flow`; a refusal takes up to six seconds."""
        async with self.step("login"):
            await self.open(USERS_PAGE)
            await self.expect(self.LOGIN)
            await self.fill(self.page.get_by_role("textbox", name="Username"), user)
            await self.fill_secret(self.page.get_by_role("textbox", name="Password"), password)
            await self.LOGIN.on(self.page).click()
            refused = self.page.locator(".msg.error").filter(visible=True).first
            if await self.first_of(inside=USERS, refused=refused) == "refused":
                raise AccessDenied(f"the console refused the admin {user!r}: {await refused.inner_text()}")

    async def logout(self) -> None:
        """See :class:`bot.console.flow.Flow`."""
        async with self.step("logout"):
            await self.open("logout?lang=en")
            await self.expect(self.LOGIN)

    async def probe(self) -> None:
        """See :class:`bot.console.flow.Flow`; every dialog is cancelled, and nothing is kept before its OK."""
        async with self.step("probe"):
            await self.open_list("")
            await self.page.locator(IMPORT).click()
            await self.visit("User Account Import", "#d4importFile")
            others = self.page.locator(".UserCheckbox:enabled")
            if await others.count():
                login_id = re.split("%2F", await others.first.get_attribute("value") or "")[-1]
                await self.open_details(login_id, listed=True)
                await self.edit("Server Rights")
                await self.visit("Server Permissions", "#ua_lockedaccount")
                await self.page.get_by_role("link", name="Change Password", exact=True).click()
                await self.visit(f"Change Password for {login_id}", "#p4pass1", "#p4pass2", "#p4resetNextLogin")

    async def find(self, login_id: str) -> Account | None:
        """See :class:`bot.console.flow.Flow`."""
        async with self.step("find"):
            await self.ready()
            return await self.known(login_id)

    async def create(self, spec: AccountSpec, secret: Secret) -> Account:
        """See :class:`bot.console.flow.Flow`; an import of one: it makes the account whole, name and all, or leaves it alone."""
        async with self.step("new account"):
            await self.show_list()
            await self.search(spec.login_id)  # the picture afterwards shows the row
            if await self.on_page(spec.login_id):
                raise AccountConflict(spec.login_id, "it exists, perhaps in other letters: Tw1 and tw1 are one to it")
            key = self.key(spec.login_id)
            await self.choose_file({key: Order(spec=spec, secret=secret)})
            with self.listening(partial(_created, keys=(key,))) as heard:
                await self.accept()
                said = await self.told_first(heard, self.page.get_by_text(REFUSED_FILE))
            if said != key:
                raise self.unknown(f"the console said: {said}")
            await self.confirm(listed=self.row(spec.login_id))
            account = await self.known(spec.login_id)
            if account is None or not self.same(account, spec):
                raise self.unknown("the console confirmed the account, and has another one under this ID")
            return account

    async def create_many(self, orders: Sequence[Order]) -> Sequence[Created]:
        """See :class:`bot.console.flow.Flow`; the import skips IDs that exist and tells nothing, so it is read before and after."""
        return await by_import(self, orders, size=100)

    async def reset_password(self, login_id: str, secret: Secret, window: Window | None) -> None:  # noqa: ARG002 - it keeps none
        """See :class:`bot.console.flow.Flow`; a change shows nowhere, and one that the server drops is not told at all."""
        await self.existing(login_id)
        async with self.step("reset password"):
            await self.open_details(login_id)
            await self.page.get_by_role("link", name="Change Password", exact=True).click()
            await self.dialog(f"Change Password for {login_id}")
            await self.fill_password(secret)
            with self.listening(partial(_password_changed, key=self.key(login_id))) as heard:
                await self.accept()
                await self.confirm_heard(heard, "the console's word on the password")
        await self.enable(login_id)

    async def enable(self, login_id: str) -> None:
        """See :class:`bot.console.flow.Flow`."""
        if (await self.existing(login_id)).state is not AccountState.ACTIVE:
            await self.lock(login_id, on=False)

    async def disable(self, login_id: str) -> None:
        """See :class:`bot.console.flow.Flow`."""
        account = await self.find(login_id)
        if account is not None and account.state is AccountState.ACTIVE:
            await self.lock(login_id, on=True)

    async def import_file(self, orders: Mapping[str, Order], sent: set[str]) -> set[str]:
        """See :class:`bot.console.many.Imports`."""
        async with self.step("import accounts"):
            await self.open_list("")
            await self.choose_file(orders)
            with self.listening(partial(_created, keys=orders)) as heard:
                sent.update(orders)
                try:
                    await self.accept()
                    return await self.confirm_each(heard, set(orders), self.page.get_by_text(REFUSED_FILE))
                except ConsoleDrift:
                    sent.difference_update(orders)
                    raise

    async def everyone(self, words: str = "") -> Mapping[str, Account]:
        """See :class:`bot.console.flow.Flow` and :class:`bot.console.many.Imports`: the console sends all users whenever its page is opened."""
        async with self.step("look at all users"):
            await self.load()
            await self.page.wait_for_function("users !== null")
            users = await self.page.evaluate("Object.values(users)")
        return {self.key(user["name"]): _listed(user) for user in users if words in user["name"]}

    def key(self, login_id: str) -> str:
        """See :class:`bot.console.many.Imports`: IDs that differ in small and capital letters are one to the console."""
        return login_id.lower()

    def same(self, account: Account, spec: AccountSpec) -> bool:
        """See :class:`bot.console.many.Imports`: addresses are kept in small letters."""
        return (account.login_id, account.name, account.mail) == (spec.login_id, spec.name, spec.mail.lower())

    def button(self, name: str) -> Locator:
        """Return the button with this name; a hidden one has no role."""
        return self.page.get_by_role("button", name=name, exact=True)

    def row(self, login_id: str) -> Locator:
        """Return the row of exactly this ID; the console's own key of a user is in small letters."""
        box = f'.UserCheckbox[value$="%2F{self.key(login_id)}"]'
        return self.page.locator("#p3users").get_by_role("row").filter(has=self.page.locator(box))

    def fact(self, name: str) -> Locator:
        """Return the line of a user's page."""
        return self.page.locator(FACTS).filter(has=self.page.get_by_text(name, exact=True))

    async def edit(self, name: str) -> None:
        """Open the dialog behind a line of a user's page."""
        await self.fact(name).locator("[onclick]").first.click()

    async def dialog(self, title: str, *fields: str) -> None:
        """Expect a dialog with these fields; a title without a role is all that both skins have."""
        await self.there(self.page.get_by_text(title, exact=True).filter(visible=True), f"the dialog {title!r}")
        for field in fields:
            await self.there(self.page.locator(field), f"the field {field} in the dialog {title!r}")

    async def visit(self, title: str, *fields: str) -> None:
        """Expect a dialog with these fields, and cancel it."""
        await self.dialog(title, *fields)
        await self.button("Cancel").click()
        await self.button("Cancel").wait_for(state="hidden")

    async def choose_file(self, orders: Mapping[str, Order]) -> None:
        """Choose a file of accounts in the dialog for it; it is on no disk, and what is in it shows on no page."""
        await self.page.locator(IMPORT).click()
        await self.dialog("User Account Import")
        name, file = f"{next(iter(orders))}.json", _file(list(orders.values()))
        await self.upload(self.page.locator("#d4importFile"), name, "application/json", file)

    async def accept(self) -> None:
        """Press the OK of a dialog, which is disabled while the console doesn't like what is in it."""
        if not await self.button("OK").is_enabled():
            raise self.drift("the console to accept what was filled in")
        await self.submit(self.button("OK"))

    async def fill_password(self, secret: Secret) -> None:
        """Fill the password twice, to be changed at the next login."""
        await self.fill_secret(self.page.locator("#p4pass1"), secret)
        await self.fill_secret(self.page.locator("#p4pass2"), secret)
        await self.check(self.page.get_by_label(FIRST_CHANGE, exact=True), on=True)

    async def lock(self, login_id: str, *, on: bool) -> None:
        """Lock or unlock a user."""
        async with self.step("lock" if on else "unlock"):
            await self.open_details(login_id)
            await self.edit("Server Rights")
            await self.dialog("Server Permissions")
            await self.check(self.page.get_by_label(LOCK, exact=True), on=on)
            await self.accept()
            line = self.fact("Server Rights")
            await self.confirm(done=line.filter(has_text=LOCKED) if on else line.filter(has_not_text=LOCKED))

    async def ready(self) -> None:
        """Have a page that is connected and has no dialog open."""
        stuck = await self.page.locator(IN_THE_WAY).filter(visible=True).count()
        if stuck or not await self.page.locator(LEFT_MENU).is_visible():
            await self.load()

    async def load(self) -> None:
        """Open the page anew, with the list of users on it."""
        await self.open(USERS_PAGE)
        await self.expect(USERS)

    async def show_list(self) -> None:
        """Show the list of users, whatever it is filtered by; skin 3 draws its icons over, and in 3 of 100 pages leaves one hidden."""
        await self.ready()
        if not await USERS.on(self.page).is_visible():
            await self.page.locator(LEFT_MENU).click()
        await self.expect(USERS)
        if not await self.shows_soon(self.page.locator(IMPORT)):
            await self.load()

    async def search(self, words: str) -> None:
        """Filter the list; it is drawn anew a moment after the key."""
        await self.page.locator("#UserSearchInput").fill(f"name:{words}")
        await self.page.locator("#UserSearchInput").press("End")

    async def open_list(self, words: str) -> None:
        """Show the users whose ID contains ``words``; a mark in the old list goes when the new one is drawn in its place."""
        await self.show_list()
        table = self.page.locator("#p3users")
        await self.there(table.get_by_role("columnheader", name="Permissions"), "the table of users")
        await table.evaluate("list => list.append(Object.assign(document.createElement('i'), {id: 'old-list'}))")
        await self.search(words)
        await self.page.locator("#old-list").wait_for(state="detached")

    async def open_details(self, login_id: str, *, listed: bool = False) -> None:
        """Open the page of a user, where the exact ID stands; in the middle of its name in the list is a mail link."""
        if not listed:
            await self.open_list(login_id)
        await self.row(login_id).locator("[onclick^=gotoUser] span").first.click(position={"x": 4, "y": 9})
        shown = self.page.locator(DETAILS).filter(has_text=re.compile(f"^{re.escape(login_id)}$"))
        await self.there(shown, f"the page of {login_id!r}")

    async def known(self, login_id: str) -> Account | None:
        """Return what the page knows of a user; it knows them all, and its list shows a hundred."""
        user = await self.on_page(login_id)
        return _listed(user) if user and user["name"] == login_id else None

    async def on_page(self, login_id: str) -> dict[str, Any] | None:
        """Return the user with this ID, in whatever letters, as the console sent it to the page."""
        found = await self.page.wait_for_function(KNOWN, arg=self.key(login_id))
        user: dict[str, Any] | None = (await found.json_value())["user"]
        return user


def _listed(user: dict[str, Any]) -> Account:
    state = AccountState.DISABLED if user.get("siteadmin", 0) & 32 else AccountState.ACTIVE  # 32: locked
    return Account(login_id=user["name"], name=user.get("realname", ""), mail=user.get("email", ""), state=state)


def _file(orders: Sequence[Order]) -> bytes:
    """Return the file to import; the server takes the real name too, which the dialog does not say."""
    names = ("user", "pass", "email", "realname", "resetNextLogin")
    rows = [(one.spec.login_id, one.secret.reveal(), one.spec.mail, one.spec.name, True) for one in orders]
    return json.dumps([dict(zip(names, row, strict=True)) for row in rows]).encode()


def _created(message: dict[str, Any], keys: Collection[str]) -> str | None:
    """Return the key of the account that was created, or the console's words on why none was."""
    return FULL if message.get("value") == FULL else _told(message, "accountcreate", keys)


def _password_changed(message: dict[str, Any], key: str) -> str | None:
    changed = message.get("event", {}).get("msgid") == PASSWORD_CHANGED
    return _told(message, "accountchange", (key,)) if changed else None


def _told(message: dict[str, Any], action: str, keys: Collection[str]) -> str | None:
    """Return the key whose account this event is about, if it is one of these: others work at the same console."""
    event = message.get("event", {})
    if message.get("action") != "event" or event.get("action") != action:
        return None
    key = str(event["account"]["_id"]).rpartition("/")[2]
    return key if key in keys else None
