"""What the endpoint can do wrong on demand."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import timedelta


@dataclass
class EwsFaults:
    """Each number says how many of the next requests it is for; an ``after`` fault acts first and spoils the answer."""

    busy: int = 0
    back_off_ms: int = 200
    quota: int = 0
    refuse_send: int = 0
    #: The code with which a mail is refused.
    refuse_code: str = "ErrorSendAsDenied"
    #: Addresses that no mail may be for.
    refuse_recipients: frozenset[str] = frozenset()
    #: The request is not understood, in whichever version it is put.
    not_understood: int = 0
    #: HTTP 401 after the act, as from a proxy that has forgotten the login.
    unauthorized_after: int = 0
    #: HTTP 401, whatever the password.
    unauthorized: int = 0
    #: HTTP 503 before anything was done.
    unavailable_before: int = 0
    unavailable_after: int = 0
    drop_after: int = 0
    malformed: int = 0
    #: The code with which each question for the MIME of a mail is refused, or for anything of it; empty for none.
    mime_error: str = ""
    item_error: str = ""
    #: The same for each question for an attachment.
    attachment_error: str = ""
    #: The code with which each move is refused.
    move_error: str = ""
    #: Those codes are for mails alone that have these bytes in them.
    of_mails_with: bytes = b""
    #: Mails are answered without their MIME, though it was asked for.
    no_mime: bool = False
    #: What the server writes anew lacks the trace of a mail: who handed it on, and who sent it by a program.
    bare_mime: bool = False
    #: How times are written; for ``None`` none is.
    stamp: str | None = "%Y-%m-%dT%H:%M:%SZ"
    created_stamp: str | None = "%Y-%m-%dT%H:%M:%SZ"
    #: A search for folders is answered without the element that holds them.
    no_root_folder: int = 0
    #: A folder that is to be made is said to exist.
    folder_exists: int = 0
    #: Seconds before an answer, for ``slow`` requests.
    delay: float = 0.0
    slow: int = 0
    #: The ``Date`` of answers is so far from this machine's time.
    clock: timedelta = timedelta()
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, name: str) -> bool:
        """Tell whether the fault is in force for this request, and count it."""
        with self._lock:
            left = int(getattr(self, name))
            if left > 0:
                setattr(self, name, left - 1)
            return left > 0
