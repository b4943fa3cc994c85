"""What may go wrong on a site, once, at the next request that fits: the session ends before it, or the server fails."""

from __future__ import annotations

import re
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, HttpResponseServerError

#: A pattern of method and path to ``logout`` or ``500``.
armed: dict[str, str] = {}


def fail_on_demand(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Return the middleware."""

    def answer(request: HttpRequest) -> HttpResponse:
        asked = f"{request.method} {request.path}"
        for pattern in [pattern for pattern in armed if re.fullmatch(pattern, asked)]:
            if armed.pop(pattern) == "500":
                return HttpResponseServerError("Server Error")
            request.session.flush()
        return get_response(request)

    return answer
