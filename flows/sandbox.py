"""The embedded console of the demo and the tests (bot/sandbox): a Japanese VDI product's admin site."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from urllib.parse import quote, urlencode
from zoneinfo import ZoneInfo

from playwright.async_api import Locator

from bot.console.flow import Flow
from bot.console.port import Ability
from bot.console.stage import Landmark
from bot.errors import AccessDenied, AccountConflict
from bot.model import Account, AccountSpec, AccountState, Window
from bot.secret import Secret

USERS = Landmark(screen="ユーザー一覧", role="heading", name="ユーザー一覧")
NEW_1 = Landmark(screen="新規ユーザー 1/2", role="heading", name="新規ユーザー（1/2 基本情報）")
NEW_2 = Landmark(screen="新規ユーザー 2/2", role="heading", name="新規ユーザー（2/2 利用期間と認証）")
CONFIRM = Landmark(screen="登録確認", role="heading", name="新規ユーザーの登録確認")
DETAIL = Landmark(screen="ユーザー詳細", role="heading", name="ユーザー詳細")
EDIT = Landmark(screen="ユーザー編集", role="heading", name="ユーザー編集")
RESET = Landmark(screen="パスワード再設定", role="heading", name="パスワード再設定")

CREATING = "作成中…"
STATES = {
    CREATING: AccountState.CREATING, "有効": AccountState.ACTIVE,
    "ロック中": AccountState.LOCKED, "無効": AccountState.DISABLED,
}  # fmt: skip
#: The console shows and takes times without a zone: those of the place where it stands.
ZONE = ZoneInfo("Asia/Tokyo")


class SandboxFlow(Flow):
    """User administration of the embedded console."""

    LOGIN = Landmark(screen="管理者ログイン", role="heading", name="管理者ログイン")
    ABILITIES = Flow.ABILITIES | {Ability.LIST}

    async def login(self, user: str, password: Secret) -> None:
        """See :class:`bot.console.flow.Flow`."""
        async with self.step("login"):
            await self.open("admin/login")
            await self.expect(self.LOGIN)
            await self.fill(self.label("ユーザーID"), user)
            await self.fill_secret(self.label("パスワード"), password)
            await self.button("ログイン").click()
            if await self.first_of(inside=USERS, refused=self.page.get_by_role("alert")) == "refused":
                raise AccessDenied(f"the console refused the admin {user!r}: {await self.said()}")
            await self.close_announcement()

    async def logout(self) -> None:
        """See :class:`bot.console.flow.Flow`."""
        async with self.step("logout"):
            await self.open_list("")  # from wherever the last verb stopped: a dialog may cover the button there
            await self.button("ログアウト").click()
            await self.expect(self.LOGIN)

    async def probe(self) -> None:
        """See :class:`bot.console.flow.Flow`; the new-user form keeps nothing before its last button."""
        async with self.step("probe"):
            await self.open_list("")
            if await self.link("詳細").count():
                await self.link("詳細").first.click()
                await self.expect(DETAIL)
                await self.visit("編集", EDIT, "利用開始日時", "利用終了日時")
                await self.page.go_back()
                await self.visit("パスワード再設定", RESET, "新しいパスワード", "新しいパスワード（確認）")
            await self.open_list("")
            labels = ("ユーザーID", "氏名", "所属", "メールアドレス", "デスクトッププール")
            await self.visit("新規ユーザー", NEW_1, *labels)
            await self.fill(self.label("氏名"), "点検")
            await self.button("次へ").click()
            await self.fields(NEW_2, "利用開始日時", "利用終了日時", "初期パスワード", "初期パスワード（確認）")
            await self.open_list("")

    async def find(self, login_id: str) -> Account | None:
        """See :class:`bot.console.flow.Flow`; the search finds parts, so only a row with exactly this ID counts."""
        async with self.step("find"):
            await self.open_list(login_id)
            link = self.row(login_id).get_by_role("link", name="詳細", exact=True)
            while not await link.count():
                if not await self.next_page():
                    return None
            await link.click()
            return await self.read_detail(login_id)

    async def everyone(self, words: str = "") -> Mapping[str, Account]:
        """See :class:`bot.console.flow.Flow`; the list shows no addresses, and its search finds names too."""
        async with self.step("list users"):
            await self.open_list(words)
            found = await self.read_list()
            while await self.next_page():
                found += await self.read_list()
            return {one.login_id: one for one in found if words in one.login_id}

    async def create(self, spec: AccountSpec, secret: Secret) -> Account:
        """See :class:`bot.console.flow.Flow`."""
        async with self.step("new user, step 1"):
            await self.open("admin/users/new")
            await self.expect(NEW_1)
            for name, value in {
                "ユーザーID": spec.login_id, "氏名": spec.name, "所属": spec.department, "メールアドレス": spec.mail,
            }.items():  # fmt: skip
                await self.fill(self.label(name), value)
            await self.choose(self.label("デスクトッププール"), spec.pool)
            for zone in spec.zones:
                await self.check(self.label(zone), on=True)
            await self.button("次へ").click()
        async with self.step("new user, step 2"):
            await self.expect(NEW_2)
            await self.fill_window(spec.window)
            for name in ("初期パスワード", "初期パスワード（確認）"):
                await self.fill_secret(self.label(name), secret)
            await self.check(self.label("初回ログイン時にパスワード変更を要求する"), on=True)
            await self.button("確認").click()
            if await self.first_of(next=CONFIRM, refused=self.page.get_by_role("alert")) == "refused":
                raise await self.refusal(spec.login_id)
        async with self.step("register"):
            await self.button("登録").click()
            await self.submit(self.button("登録する"))
            done = self.toast("を登録しました")
            if await self.confirm(done=done, refused=self.page.get_by_role("alert")) == "refused":
                raise await self.refusal(spec.login_id)
            if f"「{spec.login_id}」" not in await done.inner_text():
                raise self.unknown("the console confirmed another user ID")
        return await self.read_back(spec)

    async def reset_password(self, login_id: str, secret: Secret, window: Window | None) -> None:
        """See :class:`bot.console.flow.Flow`; the validity is on another screen and is set first: it alone gives nothing."""
        if window:
            await self.set_window(login_id, window)
        else:
            await self.existing(login_id)
        async with self.step("reset password"):
            await self.visit("パスワード再設定", RESET)
            await self.fill_secret(self.label("新しいパスワード"), secret)
            await self.fill_secret(self.label("新しいパスワード（確認）"), secret)
            await self.check(self.label("次回ログイン時にパスワード変更を要求する"), on=True)
            await self.check(self.label("ロックを解除し、無効なユーザーは有効にする"), on=True)
            await self.submit(self.button("再設定"))
            done = self.toast("のパスワードを再設定しました")
            if await self.confirm(done=done, refused=self.page.get_by_role("alert")) == "refused":
                raise self.drift(f"the new password to be accepted; the console said: {await self.said()}")

    async def set_window(self, login_id: str, window: Window) -> None:
        """See :class:`bot.console.flow.Flow`; ends on the user's page. To save the same twice changes nothing."""
        await self.existing(login_id)
        async with self.step("edit validity"):
            await self.visit("編集", EDIT)
            await self.fill_window(window)
            await self.button("保存").click()
            await self.first_of(saved=self.toast("の変更を保存しました"))
            await self.link("戻る").click()
            if not _same((await self.read_detail(login_id)).window, window):
                raise self.drift("the validity that was saved")

    async def enable(self, login_id: str) -> None:
        """See :class:`bot.console.flow.Flow`; a user may be locked and disabled, each with a button of its own."""
        await self.existing(login_id)
        for name, said in {"有効化": "を有効にしました", "ロック解除": "のロックを解除しました"}.items():
            if await self.button(name).count():
                async with self.step(name):
                    await self.submit(self.button(name))
                    await self.confirm(done=self.toast(said))

    async def disable(self, login_id: str) -> None:
        """See :class:`bot.console.flow.Flow`."""
        account = await self.find(login_id)
        if account is None or account.state is AccountState.DISABLED:
            return
        async with self.step("disable"):
            await self.button("無効化").click()
            await self.submit(self.button("無効にする"))
            await self.confirm(done=self.toast("を無効にしました"))

    async def user_logs_in(self, login_id: str, secret: Secret) -> bool | None:
        """See :class:`bot.console.flow.Flow`; a first login leads to the change of the password."""
        async with self.step("log in as a user"):
            await self.open("login")
            await self.fill(self.label("ログインID"), login_id)
            await self.fill_secret(self.label("パスワード"), secret)
            await self.button("ログイン").click()
            inside = self.page.get_by_role("heading", name="パスワードの変更")
            return await self.first_of(inside=inside, refused=self.page.get_by_role("alert")) == "inside"

    # The console's own widgets.

    def label(self, name: str) -> Locator:
        """Return the field with this label."""
        return self.page.get_by_label(name, exact=True)

    def button(self, name: str) -> Locator:
        """Return the button with this name."""
        return self.page.get_by_role("button", name=name, exact=True)

    def link(self, name: str) -> Locator:
        """Return the link with this name."""
        return self.page.get_by_role("link", name=name, exact=True)

    def toast(self, words: str) -> Locator:
        """Return the message that says ``words``."""
        return self.page.get_by_role("status").get_by_text(words)

    def row(self, login_id: str) -> Locator:
        """Return the row of the list with exactly this ID."""
        return self.page.get_by_role("row").filter(has=self.page.get_by_role("cell", name=login_id, exact=True))

    async def said(self) -> str:
        """Return what the console says is wrong."""
        return (await self.page.get_by_role("alert").first.inner_text()).strip()

    async def open_list(self, words: str) -> None:
        """Open the list with a search: its form sends the words in the address."""
        await self.open(f"admin/users?{urlencode({'q': words})}")
        await self.expect(USERS)

    async def next_page(self) -> bool:
        """Go to the next page of the list; tells whether there is one."""
        if more := await self.link("次へ").count() > 0:
            await self.link("次へ").click()
            await self.expect(USERS)
        return more

    async def close_announcement(self) -> None:
        """Close the dialog that comes after the login."""
        news = self.page.get_by_role("dialog", name="お知らせ")
        if await news.count():
            await news.get_by_role("button", name="閉じる", exact=True).click()
            await news.wait_for(state="detached")
            await self.expect(USERS)

    async def visit(self, link: str, screen: Landmark, *labels: str) -> None:
        """Follow a link to a screen with these fields."""
        await self.link(link).click()
        await self.fields(screen, *labels)

    async def read_back(self, spec: AccountSpec) -> Account:
        """Read a new account when it is final, from the page of its exact ID."""
        async with self.step("read back"):
            await self.open(f"admin/users/{quote(spec.login_id)}")
            if await self.first_of(there=DETAIL, gone=self.page.get_by_text("ユーザーが見つかりません")) == "gone":
                raise self.unknown("the console confirmed the registration, and does not have the user")
            await self.settled(self.page.get_by_role("cell"), CREATING)
            account = await self.read_detail(spec.login_id)
            if account.mail == spec.mail and _same(account.window, spec.window):
                return account
            raise self.unknown("the console confirmed the registration, and shows another user under this ID")

    async def read_list(self) -> list[Account]:
        """Read the page of the list that is shown."""
        texts = await self.page.locator("tbody").get_by_role("row").all_inner_texts()
        rows = [[cell.strip() for cell in text.split("\t")] for text in texts]
        if any(len(row) > 1 and (len(row) < 5 or row[3] not in STATES) for row in rows):
            raise self.drift("a list of users with ID, name, department, 状態 and 有効期間")
        users = [row for row in rows if len(row) > 1]
        return [Account(login_id=row[0], name=row[1], state=STATES[row[3]], window=_window(row[4])) for row in users]

    async def read_detail(self, login_id: str) -> Account:
        """Read the account from its own page, where the exact ID stands."""
        await self.expect(DETAIL)
        texts = await self.page.get_by_role("row").all_inner_texts()
        facts = {name: value.strip() for name, _, value in (text.partition("\t") for text in texts)}
        if facts.get("ユーザーID") != login_id or facts.get("状態") not in STATES:
            raise self.drift(f"the details of {login_id!r} with a known 状態")
        name, mail, valid, state = (facts.get(fact, "") for fact in ("氏名", "メールアドレス", "有効期間", "状態"))
        return Account(login_id=login_id, name=name, mail=mail, state=STATES[state], window=_window(valid))

    async def fill_window(self, window: Window) -> None:
        """Fill the validity; the console takes local time without a zone."""
        for name, moment in (("利用開始日時", window.start), ("利用終了日時", window.end)):
            await self.fill(self.label(name), _local(moment))

    async def refusal(self, login_id: str) -> Exception:
        """Return what the console's refusal means."""
        said = await self.said()
        taken = "既に使用されています" in said
        return AccountConflict(login_id, said) if taken else self.drift(f"the form to be accepted; it said: {said}")


def _local(moment: datetime) -> str:
    return moment.astimezone(ZONE).strftime("%Y-%m-%dT%H:%M")


def _window(shown: str) -> Window | None:
    start, _, end = shown.partition("～")
    try:
        return Window(start=_moment(start), end=_moment(end))
    except ValueError:
        return None


def _moment(shown: str) -> datetime:
    return datetime.strptime(shown, "%Y/%m/%d %H:%M").replace(tzinfo=ZONE)


def _same(shown: Window | None, wanted: Window) -> bool:
    return shown is not None and [_local(shown.start), _local(shown.end)] == [_local(wanted.start), _local(wanted.end)]
