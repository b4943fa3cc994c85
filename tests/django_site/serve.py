"""Serves the site on a free port of loopback, and answers questions about it on standard input: one line of JSON each.

The port is the first line of standard output. It ends when standard input does: with whoever started it.
"""

from __future__ import annotations

import json
import sys
import threading
from collections import Counter
from typing import Any

import django

django.setup()

from django.contrib.admin.models import LogEntry  # noqa: E402 - models need the setup
from django.contrib.auth import authenticate, signals  # noqa: E402 - as above
from django.contrib.auth.hashers import make_password  # noqa: E402 - as above
from django.contrib.auth.models import User  # noqa: E402 - as above
from django.contrib.staticfiles.handlers import StaticFilesHandler  # noqa: E402 - as above
from django.core.management import call_command  # noqa: E402 - as above
from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler  # noqa: E402 - as above
from django.core.wsgi import get_wsgi_application  # noqa: E402 - as above

from tests.django_site.faults import armed  # noqa: E402 - as above

logins: Counter[str] = Counter()


def seed(admin: str, password: str, users: int) -> None:
    """Make the admin and so many users, in the order of their names."""
    call_command("migrate", verbosity=0)
    User.objects.create_superuser(admin, "", password)
    nobody_knows = make_password(None)
    User.objects.bulk_create(
        User(username=f"vdi{number:05d}", password=nobody_knows, email=f"vdi{number:05d}@city.example.jp")
        for number in range(1, users + 1)
    )
    for name, signal in {"in": signals.user_logged_in, "refused": signals.user_login_failed}.items():
        signal.connect(lambda name=name, **_: logins.update([name]), weak=False)


def answer(ask: str, given: list[str]) -> Any:  # noqa: ANN401 - whatever JSON can say
    """Answer one question, or arm a fault."""
    match ask:
        case "works":
            before = logins.copy()
            found = authenticate(username=given[0], password=given[1])
            logins.clear()
            logins.update(before)
            return found is not None
        case "writes":
            return LogEntry.objects.count()
        case "named":
            return list(User.objects.filter(username__iexact=given[0]).values("username", "email", "is_active"))
        case "add":
            User.objects.create_user(given[0], password=given[1])
        case "arm":
            armed[given[0]] = given[1]
        case "logins":
            return dict(logins)
    return None


def main() -> None:
    """Serve until the one who asks is gone."""
    seed(sys.argv[1], sys.stdin.readline().strip(), int(sys.argv[2]))
    server = ThreadedWSGIServer(("127.0.0.1", 0), WSGIRequestHandler)
    server.set_app(StaticFilesHandler(get_wsgi_application()))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_port, flush=True)  # noqa: T201 - the one who started it reads it
    for line in sys.stdin:
        print(json.dumps(answer(*json.loads(line))), flush=True)  # noqa: T201 - the answer


if __name__ == "__main__":
    main()
