"""The users pages of a Django admin site (django.contrib.auth's own User), in Japanese or English.

Passed with Django 5.2.19 in 2026-11. ``console.url`` is the address of the admin's front page, such as
``https://vdi.example.jp/admin/``. A plain User has no validity and no demand to change the password at the first login: the
bot's window for the account is kept by disabling it in time. The admin needs the rights to add, change and view users.

The admin makes a user by two forms: one takes ID and password, the next one the rest. The way back ends at the first: whatever
goes wrong from there until the second is saved is an unknown outcome, and leaves a user without mail and name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import urlencode, urlsplit

from playwright.async_api import Locator

from bot.console.flow import Flow
from bot.console.port import Ability
from bot.console.stage import Landmark
from bot.errors import AccessDenied, AccountConflict
from bot.model import Account, AccountSpec, AccountState, Window
from bot.secret import Secret

INDEX = Landmark(screen="index", role="heading", name=("サイト管理", "Site administration"))
USERS = Landmark(screen="users", role="heading", name=("変更する ユーザー を選択", "Select user to change"))
ADD = Landmark(screen="add user", role="heading", name=("ユーザー を追加", "Add user"))
CHANGE = Landmark(screen="change user", role="heading", name=("ユーザー を変更", "Change user"))
GOODBYE = Landmark(screen="logged out", role="link", name=("もう一度ログイン", "Log in again"))
#: What the site says: the ID is taken, or differs from one that is in capital letters only.
TAKEN = ("同じユーザー名が既に登録済みです", "A user with that username already exists")
#: The site takes a password away with the same kind of message: only these words are the proof.
PASSWORD_SET = ("パスワードを変更しました", "Password changed successfully")

#: Relative to ``console.url``.
USERS_PATH = "auth/user/"
#: Labels are translated and hold no exact text; the ids are Django's own and have not changed in many years.
USERNAME, LAST, FIRST, MAIL, ACTIVE = "#id_username", "#id_last_name", "#id_first_name", "#id_email", "#id_is_active"
PASSWORD, AGAIN = "#id_password1", "#id_password2"
PASSWORD_LINK, HISTORY_LINK = "#user_form a[href$='../password/']", ".object-tools .historylink"
SAVE, SET_PASSWORD = "input[name=_save]", "#user_form .submit-row input[type=submit]"
REFUSED = ".errornote"
#: Pages post to themselves and a message outlives nothing but the next page: each stands together with what its page alone has.
ON_FORM = f"body:has({MAIL}) .messagelist .success"
ON_LIST = "body:has(#changelist) .messagelist .success"


class DjangoAdminFlow(Flow):
    """User administration of a Django admin site."""

    LOGIN = Landmark(screen="login", role="button", name=("ログイン", "Log in"))
    ABILITIES = frozenset({Ability.NAME, Ability.COMPLETES, Ability.LIST})

    async def login(self, user: str, password: Secret) -> None:
        """See :class:`bot.console.flow.Flow`."""
        self.user = user
        async with self.step("login"):
            await self.open("login/")
            login = await self.expect(self.LOGIN)
            await self.fill(self.at(USERNAME), user)
            await self.fill_secret(self.at("#id_password"), password)
            await login.click()
            if await self.first_of(inside=INDEX, refused=self.at(REFUSED)) == "refused":
                raise AccessDenied(f"the console refused the admin {user!r}: {await self.said()}")

    async def logout(self) -> None:
        """See :class:`bot.console.flow.Flow`; Django logs out by a form, so that no link can do it."""
        async with self.step("logout"):
            await self.open("")
            await self.expect(INDEX)
            await self.at("#logout-form button").click()
            await self.expect(GOODBYE)

    async def probe(self) -> None:
        """See :class:`bot.console.flow.Flow`; the form of the admin's own account stands for everybody's."""
        if await self.find(self.user) is None:
            raise self.drift(f"the admin {self.user!r} among the users")
        async with self.step("probe"):
            await self.need(LAST, FIRST, MAIL, ACTIVE, SAVE, HISTORY_LINK)
            await self.open_password_form(self.user)
            await self.open(f"{USERS_PATH}add/")
            await self.expect(ADD)
            await self.need(USERNAME, PASSWORD, AGAIN, SAVE)

    async def find(self, login_id: str) -> Account | None:
        """See :class:`bot.console.flow.Flow`; ends on the user's form, which alone proves the ID."""
        async with self.step("find"):
            query = urlencode({"username__exact": login_id})
            await self.open(f"{USERS_PATH}?{query}")
            await self.expect(USERS)
            found = self.at("#result_list tbody tr")
            # The site answers a filter that it does not take with the whole list, of which one page is shown.
            if urlsplit(self.page.url).query != query or await found.count() > 1:
                raise self.drift("the list to be filtered by the exact username")
            if not await found.count():
                return None
            await found.get_by_role("link").first.click()
            account = await self.read_form()
            # Some databases compare without regard to capital letters.
            return account if account.login_id == login_id else None

    async def everyone(self, words: str = "") -> Mapping[str, Account]:
        """See :class:`bot.console.flow.Flow`; the list is filtered by active and not active, which it does not show."""
        async with self.step("list users"):
            active = await self.read_list(words, "1", AccountState.ACTIVE)
            return {**active, **await self.read_list(words, "0", AccountState.DISABLED)}

    async def create(self, spec: AccountSpec, secret: Secret) -> Account:
        """See :class:`bot.console.flow.Flow`; completes a user that this admin began and nobody has touched since."""
        there = await self.find(spec.login_id)
        if there is None:
            await self.add(spec.login_id, secret)
            await self.save_person(spec)
        elif await self.begun_by_us(there):
            # The password comes last: a user that has mail and name and no known password is found, and given a new one.
            await self.find(spec.login_id)
            await self.save_person(spec)
            await self.find(spec.login_id)
            await self.set_password(spec.login_id, secret)
        else:
            raise AccountConflict(spec.login_id, "it is in the console")
        made = await self.find(spec.login_id)
        async with self.step("read back"):
            if made is None or (made.mail, *_parts(made.name)) != (spec.mail, *_parts(spec.name)):
                raise self.unknown("the console confirmed the user, and shows another one under this ID")
            await self.confirm(read=CHANGE)
        return made

    async def reset_password(self, login_id: str, secret: Secret, window: Window | None) -> None:  # noqa: ARG002 - it keeps none
        """See :class:`bot.console.flow.Flow`; enables last, so that the old password never works again."""
        account = await self.existing(login_id)
        await self.set_password(login_id, secret)
        async with self.step("enable"):
            if account.state is not AccountState.ACTIVE:
                await self.check(self.at(ACTIVE), on=True)
                await self.post(SAVE, ON_LIST)
            await self.confirm(done=self.at(f"{ON_FORM}, {ON_LIST}"))

    async def enable(self, login_id: str) -> None:
        """See :class:`bot.console.flow.Flow`."""
        if (await self.existing(login_id)).state is not AccountState.ACTIVE:
            await self.set_active(on=True)

    async def disable(self, login_id: str) -> None:
        """See :class:`bot.console.flow.Flow`."""
        account = await self.find(login_id)
        if account is not None and account.state is not AccountState.DISABLED:
            await self.set_active(on=False)

    async def set_active(self, *, on: bool) -> None:
        """Set whether the user on whose form we are may log in."""
        async with self.step("enable" if on else "disable"):
            await self.check(self.at(ACTIVE), on=on)
            await self.post(SAVE, ON_LIST)
            await self.confirm(done=self.at(ON_LIST))

    # The forms, each sent with no way back: the verb confirms when its last one is through.

    async def add(self, login_id: str, secret: Secret) -> None:
        """Send the first form; ends on the second one."""
        async with self.step("add user"):
            await self.open(f"{USERS_PATH}add/")
            await self.expect(ADD)
            await self.fill(self.at(USERNAME), login_id)
            await self.fill_password(secret)
            await self.post(SAVE, ON_FORM, login_id)
            if (await self.read_form()).login_id != login_id:
                raise self.unknown("the console added another username")

    async def save_person(self, spec: AccountSpec) -> None:
        """Fill in and save who it is, on the user's form."""
        async with self.step("name and mail"):
            last, first = _parts(spec.name)
            for field, value in {LAST: last, FIRST: first, MAIL: spec.mail}.items():
                await self.fill(self.at(field), value)
            await self.post(SAVE, ON_LIST)

    async def set_password(self, login_id: str, secret: Secret) -> None:
        """Set the password from the user's form, and end there again."""
        async with self.step("set password"):
            await self.open_password_form(login_id)
            await self.fill_password(secret)
            await self.post(SET_PASSWORD, ON_FORM)
            said = await self.at(ON_FORM).first.inner_text()
            if not any(words in said for words in PASSWORD_SET):
                raise self.unknown(f"the console said: {said}")

    async def post(self, button: str, done: str, login_id: str = "") -> None:
        """Send the form and wait for the page that comes after it; a refusal is told as what it means."""
        begun = self._submitted
        await self.submit(self.at(button).first)
        if await self.first_of(done=self.at(done), refused=self.at(REFUSED)) == "done":
            return
        said = await self.said()
        if begun:
            raise self.unknown(f"the console refused the next form: {said}")
        await self.confirm(refused=self.at(REFUSED))
        if login_id and any(words in said for words in TAKEN):
            raise AccountConflict(login_id, said)
        raise self.drift(f"the form to be accepted; the console said: {said}")

    async def open_password_form(self, login_id: str) -> None:
        """Go from the user's form to the one for the password, which names its user in a hidden field."""
        await self.at(PASSWORD_LINK).click()
        await self.need(PASSWORD, AGAIN, SET_PASSWORD)
        if await self.at("input[name=username]").input_value() != login_id:
            raise self.drift(f"the password form of {login_id!r}")

    async def fill_password(self, secret: Secret) -> None:
        """Type the password twice; newer Djangos ask first whether there shall be one at all."""
        wanted = self.at("input[name=usable_password][value=true]")
        if await wanted.count():
            await self.check(wanted, on=True)
        for field in (PASSWORD, AGAIN):
            await self.fill_secret(self.at(field), secret)

    async def read_list(self, words: str, active: str, state: AccountState) -> dict[str, Account]:
        """Read every page of the list of those who are active, or are not; its search finds names and addresses too."""
        found: dict[str, Account] = {}
        page = 1
        while True:
            query = urlencode({"is_active__exact": active, "q": words, "p": page})
            await self.open(f"{USERS_PATH}?{query}")
            await self.expect(USERS)
            if urlsplit(self.page.url).query != query:
                raise self.drift("the list to be filtered by active")
            for row in await self.at("#result_list tbody tr").all():
                login_id, mail, first, last = [
                    (await row.locator(f".field-{name}").inner_text()).strip()
                    for name in ("username", "email", "first_name", "last_name")
                ]
                name = "　".join(part for part in (last, first) if part not in {"", "-"})
                if words in login_id:
                    found[login_id] = Account(login_id=login_id, name=name, mail=mail, state=state)
            page += 1
            if not await self.at(f".paginator a[href*='p={page}']").count():
                return found

    async def read_form(self) -> Account:
        """Read the account from its own form, where the exact ID stands."""
        await self.expect(CHANGE)
        login_id, last, first, mail = [
            await self.at(field).input_value() for field in (USERNAME, LAST, FIRST, MAIL)
        ]  # fmt: skip
        state = AccountState.ACTIVE if await self.at(ACTIVE).is_checked() else AccountState.DISABLED
        return Account(login_id=login_id, name="　".join(filter(None, (last, first))), mail=mail, state=state)

    async def begun_by_us(self, account: Account) -> bool:
        """Tell whether this admin sent the first form and the second never came: the site's history of the user says it."""
        if account.mail or account.name:
            return False
        async with self.step("history"):
            await self.at(HISTORY_LINK).click()
            await self.need("#change-history")
            await self.page.wait_for_load_state("domcontentloaded")  # half a history would look like a short one
            acts = self.at("#change-history tbody tr")
            by = await acts.locator("td").first.inner_text() if await acts.count() == 1 else ""
            return by.partition(" ")[0] == self.user  # the name of the admin may follow

    # The page.

    def at(self, selector: str) -> Locator:
        """Return what the selector finds."""
        return self.page.locator(selector)

    async def need(self, *selectors: str) -> None:
        """Wait until all of these are on the page."""
        for selector in selectors:
            await self.first_of(**{selector: self.at(selector)})

    async def said(self) -> str:
        """Return what the site says is wrong: above the form, and at its fields further down."""
        await self.page.wait_for_load_state("domcontentloaded")
        words = await self.page.locator(f".errorlist li, {REFUSED}").all_inner_texts()
        return " / ".join(text.strip() for text in words)


def _parts(name: str) -> tuple[str, str]:
    """Return family and given name; a name that has no gap is all family name."""
    last, *first = re.split(r"\s+", name.strip(), maxsplit=1)
    return last, "".join(first)
