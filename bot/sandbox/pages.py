"""What both sides of the embedded console share: sessions, CSRF tokens, toasts, templates."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse

R = TypeVar("R", HTMLResponse, RedirectResponse)
_TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"), undefined=StrictUndefined, autoescape=select_autoescape()
)  # fmt: skip


@dataclass(kw_only=True)
class Session:
    """What the server remembers of one browser."""

    token: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    csrf: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    user: str | None = None
    toasts: list[tuple[str, str]] = field(default_factory=list)
    #: The new-user form between its steps.
    draft: dict[str, Any] = field(default_factory=dict)
    announce: bool = False


class Sessions:
    """All sessions of one side, by cookie."""

    def __init__(self, cookie: str) -> None:
        self._cookie = cookie
        self._sessions: dict[str, Session] = {}

    def of(self, request: Request) -> Session:
        """Return the browser's session, a new one if it has none."""
        session = self._sessions.get(request.cookies.get(self._cookie, "")) or Session()
        self.keep(session)
        return session

    def keep(self, session: Session) -> None:
        """Remember a session made elsewhere."""
        self._sessions[session.token] = session

    def drop(self, session: Session) -> None:
        """End a session."""
        self._sessions.pop(session.token, None)

    def logged_in(self) -> int:
        """Count the sessions somebody is logged in with."""
        return sum(session.user is not None for session in self._sessions.values())

    def answer(self, session: Session, template: str, status: int = 200, **values: object) -> HTMLResponse:
        """Return a page; its toasts are shown once."""
        toasts, session.toasts = session.toasts, []
        text = _TEMPLATES.get_template(template).render(csrf=session.csrf, toasts=toasts, user=session.user, **values)
        return self._with_cookie(HTMLResponse(text, status_code=status, headers={"Cache-Control": "no-store"}), session)

    def go(self, session: Session, path: str) -> RedirectResponse:
        """Send the browser to another page."""
        return self._with_cookie(RedirectResponse(path, status_code=303), session)

    def _with_cookie(self, answer: R, session: Session) -> R:
        answer.set_cookie(self._cookie, session.token, httponly=True, samesite="strict")
        return answer


async def refuse(request: Request, error: Exception) -> HTMLResponse:
    """Answer a refused request in the console's own look."""
    status, said = (error.status_code, error.detail) if isinstance(error, HTTPException) else (500, "")
    text = said if said and not said.isascii() else "ページを表示できません"
    home = "/admin/users" if request.url.path.startswith("/admin") else "/login"
    page = _TEMPLATES.get_template("error.html").render(csrf="", toasts=[], user=None, text=text, home=home)
    return HTMLResponse(page, status_code=status, headers={"Cache-Control": "no-store"})


async def form_of(request: Request, session: Session) -> FormData:
    """Return the posted form; one without this session's CSRF token is refused (HTTP 403)."""
    form = await request.form()
    if not hmac.compare_digest(str(form.get("csrf", "")), session.csrf):
        raise HTTPException(403, "不正なリクエストです")
    return form


def text(form: Mapping[str, Any], name: str) -> str:
    """Return a field as text without spaces around it."""
    return str(form.get(name, "")).strip()
