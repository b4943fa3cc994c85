"""What may go wrong on a site, once, at the next request that fits."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, HttpResponseServerError

#: A pattern of method and path, to ``logout`` (the session ends before the request), ``500``, ``slow``, or ``rename OLD NEW``.
armed: dict[str, str] = {}


def fail_on_demand(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Return the middleware."""

    def answer(request: HttpRequest) -> HttpResponse:
        asked = f"{request.method} {request.path}"
        fault = next((armed.pop(pattern) for pattern in list(armed) if re.fullmatch(pattern, asked)), "")
        match fault.split():
            case ["500"]:
                return HttpResponseServerError("Server Error")
            case ["logout"]:
                request.session.flush()
            case ["slow"]:
                time.sleep(1)
            case ["rename", old, new]:
                response = get_response(request)
                response.content = response.content.replace(old.encode(), new.encode())
                return response
        return get_response(request)

    return answer
