"""The admin side of the embedded console."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime

from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.sandbox.faults import AfterSubmit, Faults
from bot.sandbox.pages import Session, Sessions, form_of, text
from bot.sandbox.users import POOLS, ZONES, Refused, User, Users

_PER_PAGE = 20
_LOCK_AFTER = 5
_REFUSAL_SECONDS = 0.8  # real products answer a wrong login late

Page = Callable[[Request, Session], Awaitable[Response]]


@dataclass(kw_only=True)
class Admin:
    """The routes below ``/admin``."""

    users: Users
    faults: Faults
    name: str
    password: str
    failures: int = 0
    logins: int = 0
    sessions: Sessions = field(default_factory=lambda: Sessions("vdi_admin"))

    def routes(self) -> list[Route]:
        """Return all routes of the admin side."""
        pages: dict[str, Page] = {
            "/admin/users": self.list_users, "/admin/users/new": self.new_first, "/admin/users/new/2": self.new_second,
            "/admin/users/new/confirm": self.new_confirm, "/admin/log": self.operation_log, "/admin/logout": self.log_out,
            "/admin/announcement": self.close_announcement,
            "/admin/users/{user_id}": self.detail, "/admin/users/{user_id}/edit": self.edit,
            "/admin/users/{user_id}/password": self.reset, "/admin/users/{user_id}/{action:str}": self.act,
        }  # fmt: skip
        guarded = [Route(path, self._guarded(page), methods=["GET", "POST"]) for path, page in pages.items()]
        return [Route("/admin/login", self.log_in, methods=["GET", "POST"]), *guarded]

    async def log_in(self, request: Request) -> Response:
        """Log the admin in; a wrong password is answered late, five lock the admin."""
        session = self.sessions.of(request)
        if request.method == "GET":
            return self.sessions.answer(session, "login.html", error="")
        form = await form_of(request, session)
        right = hmac.compare_digest(text(form, "user").encode(), self.name.encode())
        right &= hmac.compare_digest(str(form.get("password", "")).encode(), self.password.encode())
        if self.failures >= _LOCK_AFTER or not right:
            self.failures += 1
            await asyncio.sleep(_REFUSAL_SECONDS)
            locked = self.failures >= _LOCK_AFTER
            error = "アカウントがロックされています" if locked else "ユーザーIDまたはパスワードが正しくありません"
            return self.sessions.answer(session, "login.html", error=error)
        self.failures = 0
        self.logins += 1
        self.sessions.drop(session)
        fresh = Session(user=self.name, announce=True)
        return self.sessions.go(self._kept(fresh), "/admin/users")

    async def log_out(self, request: Request, session: Session) -> Response:
        """End the session."""
        await form_of(request, session)
        self.sessions.drop(session)
        return self.sessions.go(Session(), "/admin/login")

    async def close_announcement(self, request: Request, session: Session) -> Response:
        """Note that the announcement was read."""
        await form_of(request, session)
        session.announce = False
        return self.sessions.go(session, "/admin/users")

    async def list_users(self, request: Request, session: Session) -> Response:
        """Show users, 20 a page."""
        words = request.query_params.get("q", "").strip()
        found = self.users.search(words)
        last = max(1, -(-len(found) // _PER_PAGE))
        page = min(max(_number(request.query_params.get("page")), 1), last)
        rows = found[(page - 1) * _PER_PAGE : page * _PER_PAGE]
        return self.sessions.answer(
            session,
            "users.html",
            rows=rows,
            words=words,
            page=page,
            last=last,
            total=len(found),
            announce=session.announce,
        )

    async def new_first(self, request: Request, session: Session) -> Response:
        """Step 1 of the new-user form; the ID arrives prefilled with a guess."""
        if request.method == "GET":
            session.draft = {"user_id": self.users.guess_id(), "pool": POOLS[0], "zones": ()}
        else:
            form = await form_of(request, session)
            session.draft |= {name: text(form, name) for name in ("user_id", "name", "department", "mail", "pool")}
            session.draft["zones"] = tuple(map(str, form.getlist("zones")))
            if session.draft["user_id"] and session.draft["name"]:
                return self.sessions.go(session, "/admin/users/new/2")
        errors = {} if request.method == "GET" else {"name": "ユーザーIDと氏名を入力してください"}
        return self.sessions.answer(session, "new1.html", draft=session.draft, pools=POOLS, zones=ZONES, errors=errors)

    async def new_second(self, request: Request, session: Session) -> Response:
        """Step 2: validity and initial password."""
        errors: dict[str, str] = {}
        if request.method == "POST":
            form = await form_of(request, session)
            session.draft |= {name: text(form, name) for name in ("valid_from", "valid_until")}
            session.draft |= {"password": str(form.get("password", "")), "must_change": "must_change" in form}
            errors = self._check_draft(session, form)
            if not errors:
                return self.sessions.go(session, "/admin/users/new/confirm")
        return self.sessions.answer(session, "new2.html", draft=session.draft, errors=errors)

    async def new_confirm(self, request: Request, session: Session) -> Response:
        """Show everything once more, and register on the second POST."""
        if "password" not in session.draft:
            return self.sessions.go(session, "/admin/users/new")
        if request.method == "GET":
            return self.sessions.answer(session, "confirm.html", draft=session.draft, errors={})
        await form_of(request, session)
        # A browser sends the same registration again by itself when the connection breaks: the fault is the same then.
        user, fault = _drafted(session, self.users), session.draft.get("fault") or self.faults.after_submit
        if fault:
            return await self._registered_unseen(request, session, user, fault)
        if self.faults.duplicate_as_success and self.users.find(user.user_id):
            shown, user.user_id = user.user_id, f"{user.user_id}_1"
            self.users.create(user, session.draft["password"], self.name)
            return self._registered(session, shown)
        try:
            self.users.create(user, session.draft["password"], self.name, stuck=self.faults.stuck_creating)
        except Refused as refusal:
            return self.sessions.answer(session, "confirm.html", draft=session.draft, errors=refusal.errors)
        return self._registered(session, user.user_id)

    async def detail(self, request: Request, session: Session) -> Response:
        """Show one user; asked for JSON, only the status."""
        user = self._user(request)
        if "status" in request.query_params:
            return JSONResponse({"status": user.status})
        return self.sessions.answer(session, "detail.html", one=user)

    async def edit(self, request: Request, session: Session) -> Response:
        """Edit a user; saving posts to this same address."""
        user = self._user(request)
        errors: dict[str, str] = {}
        if request.method == "POST":
            form = await form_of(request, session)
            starts, ends = _moment(form, "valid_from", self.users), _moment(form, "valid_until", self.users)
            if starts and ends and starts >= ends:
                errors["valid_until"] = "利用終了日時は利用開始日時より後にしてください"
            else:
                names = ("name", "department", "mail", "pool")
                self.users.edit(
                    user.user_id, self.name, zones=tuple(map(str, form.getlist("zones"))), valid_from=starts,
                    valid_until=ends, **{name: text(form, name) for name in names},
                )  # fmt: skip
                session.toasts.append(("ok", f"ユーザー「{user.user_id}」の変更を保存しました"))
        return self.sessions.answer(session, "edit.html", one=user, pools=POOLS, zones=ZONES, errors=errors)

    async def reset(self, request: Request, session: Session) -> Response:
        """Set a new password."""
        user = self._user(request)
        errors: dict[str, str] = {}
        if request.method == "POST":
            form = await form_of(request, session)
            password = str(form.get("password", ""))
            try:
                if password != form.get("again"):
                    raise Refused(password="パスワードが一致しません")  # noqa: S106 - a sentence
                self.users.reset_password(
                    user.user_id,
                    password,
                    self.name,
                    must_change="must_change" in form,
                    reactivate="reactivate" in form,
                )
            except Refused as refusal:
                errors = refusal.errors
            else:
                session.toasts.append(("ok", f"ユーザー「{user.user_id}」のパスワードを再設定しました"))
                return self.sessions.go(session, f"/admin/users/{user.user_id}")
        return self.sessions.answer(session, "password.html", one=user, errors=errors)

    async def act(self, request: Request, session: Session) -> Response:
        """Disable, enable or unlock a user."""
        user, action = self._user(request), request.path_params["action"]
        await form_of(request, session)
        if action == "unlock":
            self.users.unlock(user.user_id, self.name)
        elif action in {"enable", "disable"}:
            self.users.set_enabled(user.user_id, self.name, enabled=action == "enable")
        else:
            raise HTTPException(404)
        done = {"unlock": "のロックを解除しました", "enable": "を有効にしました", "disable": "を無効にしました"}[action]
        session.toasts.append(("ok", f"ユーザー「{user.user_id}」{done}"))
        return self.sessions.go(session, f"/admin/users/{user.user_id}")

    async def operation_log(self, _request: Request, session: Session) -> Response:
        """Show the product's own record of writes."""
        return self.sessions.answer(session, "log.html", lines=self.users.log[::-1][:200])

    def _guarded(self, page: Page) -> Callable[[Request], Awaitable[Response]]:
        async def guarded(request: Request) -> Response:
            session = self.sessions.of(request)
            if session.user is None or self.faults.expire_now(request.url.path):
                self.sessions.drop(session)
                return self.sessions.go(Session(), "/admin/login")
            return await page(request, session)

        return guarded

    def _kept(self, session: Session) -> Session:
        self.sessions.keep(session)
        return session

    def _user(self, request: Request) -> User:
        user = self.users.find(request.path_params["user_id"])
        if user is None:
            raise HTTPException(404, "ユーザーが見つかりません")
        return user

    def _check_draft(self, session: Session, form: FormData) -> dict[str, str]:
        if session.draft["password"] != form.get("again"):
            return {"password": "パスワードが一致しません"}
        if self.faults.duplicate_as_success:
            return {}
        try:
            self.users.check_new(_drafted(session, self.users), session.draft["password"])
        except Refused as refusal:
            return refusal.errors
        return {}

    def _registered(self, session: Session, user_id: str) -> Response:
        session.draft = {}
        session.toasts.append(("ok", f"ユーザー「{user_id}」を登録しました"))
        return self.sessions.go(session, "/admin/users")

    async def _registered_unseen(self, request: Request, session: Session, user: User, fault: AfterSubmit) -> Response:
        """Make the account or not, and give no proper answer."""
        first_time = "fault" not in session.draft
        session.draft["fault"], self.faults.after_submit = fault, None
        if first_time and fault in {AfterSubmit.CUT_MADE, AfterSubmit.HOLD_MADE}:
            self.users.create(user, session.draft["password"], self.name)
        self.faults.arrived.set()
        if fault in {AfterSubmit.HOLD_MADE, AfterSubmit.HOLD_NOT_MADE}:
            await asyncio.to_thread(self.faults.released.wait)
        request.scope["cut"] = True
        return Response()


def _drafted(session: Session, users: Users) -> User:
    draft = session.draft
    return User(
        user_id=draft["user_id"], name=draft["name"], department=draft["department"], mail=draft["mail"],
        pool=draft["pool"], zones=draft["zones"], must_change=draft["must_change"],
        valid_from=_parsed(draft["valid_from"], users), valid_until=_parsed(draft["valid_until"], users),
    )  # fmt: skip


def _moment(form: FormData, name: str, users: Users) -> datetime | None:
    return _parsed(text(form, name), users)


def _parsed(value: str, users: Users) -> datetime | None:
    try:
        return datetime.fromisoformat(value).replace(tzinfo=users.clock.now().tzinfo) if value else None
    except ValueError:
        raise HTTPException(400, "日時の形式が正しくありません") from None


def _number(value: str | None) -> int:
    return int(value) if value and value.isdecimal() and len(value) < 6 else 1
