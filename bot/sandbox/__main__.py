"""``python -m bot.sandbox [PORT]``: the embedded console for people to look at; the admin password is in the environment."""

from __future__ import annotations

import os
import sys
import threading
from zoneinfo import ZoneInfo

from bot.clock import SystemClock
from bot.sandbox.server import SandboxServer


def main() -> None:
    """Serve until the program is stopped."""
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 8931
    password = os.environ.get("TELEWORK_BOT_CONSOLE_PASSWORD")
    with SandboxServer(SystemClock(ZoneInfo("Asia/Tokyo")), port=port, password=password) as server:
        given = "the password in TELEWORK_BOT_CONSOLE_PASSWORD" if password else f"password {server.password}"
        sys.stderr.write(f"{server.url}admin/login  user {server.admin.name}, {given}; Ctrl-C stops it\n")
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            sys.stderr.write("stopped\n")


if __name__ == "__main__":
    main()
