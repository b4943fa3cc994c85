"""The user side of the embedded console: where an issued ID logs in."""

from __future__ import annotations

from dataclasses import dataclass, field

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.sandbox.pages import Session, Sessions, form_of, text
from bot.sandbox.users import Refused, Users


@dataclass(kw_only=True)
class UserSide:
    """The routes where staff log in to their virtual desktop."""

    users: Users
    sessions: Sessions = field(default_factory=lambda: Sessions("vdi_user"))

    def routes(self) -> list[Route]:
        """Return all routes of the user side."""
        both = ["GET", "POST"]
        return [
            Route("/login", self.log_in, methods=both), Route("/password", self.change_password, methods=both),
            Route("/desktop", self.desktop), Route("/", self.home),
        ]  # fmt: skip

    async def home(self, request: Request) -> Response:
        """Send the browser to the login."""
        return self.sessions.go(self.sessions.of(request), "/login")

    async def log_in(self, request: Request) -> Response:
        """Log in; the first time leads to the change of the password."""
        session = self.sessions.of(request)
        if request.method == "GET":
            return self.sessions.answer(session, "user_login.html", error="")
        form = await form_of(request, session)
        user, refusal = self.users.log_in(text(form, "user"), str(form.get("password", "")))
        if user is None:
            return self.sessions.answer(session, "user_login.html", error=refusal)
        self.sessions.drop(session)
        fresh = Session(user=user.user_id)
        self.sessions.keep(fresh)
        return self.sessions.go(fresh, "/password" if user.must_change else "/desktop")

    async def change_password(self, request: Request) -> Response:
        """Set one's own password."""
        session = self.sessions.of(request)
        if session.user is None:
            return self.sessions.go(session, "/login")
        error = ""
        if request.method == "POST":
            form = await form_of(request, session)
            try:
                if form.get("password") != form.get("again"):
                    raise Refused(password="パスワードが一致しません")  # noqa: S106 - a sentence
                self.users.change_own(session.user, str(form.get("password", "")))
            except Refused as refusal:
                error = str(refusal)
            else:
                return self.sessions.go(session, "/desktop")
        return self.sessions.answer(session, "user_password.html", error=error)

    async def desktop(self, request: Request) -> Response:
        """Show the desktop, after the forced change of the password."""
        session = self.sessions.of(request)
        user = self.users.find(session.user or "")
        if user is None:
            return self.sessions.go(session, "/login")
        if user.must_change:
            return self.sessions.go(session, "/password")
        return self.sessions.answer(session, "desktop.html", one=user)
