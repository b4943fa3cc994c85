"""One IMAP connection, blocking: what the adapter needs of it, in terms of UIDs."""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

from imapclient import IMAPClient
from imapclient.exceptions import CapabilityError, IMAPClientAbortError, IMAPClientError

from bot.errors import AccessDenied, Transient, Unusable
from bot.mail.tls import no_starttls, why
from bot.secret import Secret
from bot.settings.imap import ImapSettings

_SETTING = "mailbox.imap"
_PAGE = 500  # messages asked for at a time
#: RFC 5530: the login may be well, and the server is not.
_NOT_NOW = ("[UNAVAILABLE]", "[INUSE]", "[LIMIT]", "[SERVERBUG]")

#: What a broken connection raises.
LOST = (IMAPClientAbortError, OSError)


class Session:
    """A logged-in connection with the inbox selected.

    Raises ``AccessDenied`` when the login is refused, ``Unusable`` with one sentence when there is no way to the server,
    one of ``LOST`` when the server accepts the login and then answers no more.
    """

    def __init__(self, settings: ImapSettings, password: Secret, context: ssl.SSLContext) -> None:
        self._settings = settings
        self._folders: set[str] = set()
        self._client = self._connect(context)
        try:
            self._log_in(password)
            self.validity = self.select()
        except LOST:
            self.drop()
            raise
        except BaseException:
            self.close()
            raise

    def select(self) -> int:
        """Select the inbox anew, so that what has come since is seen; returns its UIDVALIDITY."""
        try:
            selected = self._client.select_folder(self._settings.inbox)
        except IMAPClientAbortError:
            raise
        except IMAPClientError as error:
            raise Unusable(
                f"the folder {self._settings.inbox} can't be opened ({error}); see {_SETTING}.inbox"
            ) from None
        self.validity = int(selected[b"UIDVALIDITY"])
        return self.validity

    def arrivals(self) -> Iterator[tuple[int, datetime, int]]:
        """Yield UID, receipt time (aware) and size in bytes of each message that is not deleted."""
        uids = self._client.search(["UNDELETED"])
        for start in range(0, len(uids), _PAGE):
            found = self._client.fetch(uids[start : start + _PAGE], ["INTERNALDATE", "RFC822.SIZE"])
            for uid, data in found.items():
                if facts := _facts(data):
                    yield uid, *facts

    def facts(self, uid: int) -> tuple[datetime, int] | None:
        """Return receipt time and size of one message; ``None`` when it is gone."""
        return _facts(self._client.fetch([uid], ["INTERNALDATE", "RFC822.SIZE"]).get(uid, {}))

    def content(self, uid: int, most: int | None = None) -> bytes | None:
        """Return a message's bytes, or the first ``most`` of them, without marking it as read; ``None`` when it is gone."""
        part = "BODY.PEEK[]" if most is None else f"BODY.PEEK[]<0.{most}>"
        data = self._client.fetch([uid], [part]).get(uid, {})
        return next((value for key, value in data.items() if key.startswith(b"BODY[]")), None)

    def move(self, uid: int, folder: Sequence[str]) -> None:
        """Move a message to a folder below the parent, made if missing; a message that is gone is none to move.

        Raises ``Transient`` when the mailbox is full or refuses.
        """
        name = self._full(folder)
        try:
            self._make(name)
            self._move(uid, name)
        except IMAPClientAbortError:
            raise
        except IMAPClientError as error:
            raise _refused(error, name) from None

    def bring_back(self, folder: Sequence[str]) -> int:
        """Move every message of a folder below the parent to the inbox, which is selected afterwards; returns how many.

        Raises ``Transient`` when the mailbox is full or refuses.
        """
        name, inbox = self._full(folder), self._settings.inbox
        if not self._client.folder_exists(name):
            return 0
        try:
            self._client.select_folder(name)
            uids = self._client.search(["UNDELETED"])
            for uid in uids:
                self._move(uid, inbox)
        except IMAPClientAbortError:
            raise
        except IMAPClientError as error:
            raise _refused(error, inbox) from None
        finally:
            self.select()
        return len(uids)

    def close(self) -> None:
        """Log out; a connection that is broken is dropped."""
        try:
            self._client.logout()
        except (*LOST, IMAPClientError):
            self.drop()

    def drop(self) -> None:
        """Let go of a broken connection without another word to the server."""
        with suppress(*LOST, IMAPClientError):
            self._client.shutdown()
        with suppress(*LOST):
            self._client.socket().close()

    def _connect(self, context: ssl.SSLContext) -> IMAPClient:
        settings = self._settings
        try:
            implicit = settings.tls == "implicit"
            client = IMAPClient(
                settings.host,
                settings.port,
                ssl=implicit,
                ssl_context=context if implicit else None,
                timeout=settings.timeout,
            )
            client.normalise_times = False  # aware times, as the server stated them
            if settings.tls == "starttls":
                _encrypt(client, context)
        except OSError as error:
            reason = why(error, host=settings.host, port=settings.port, setting=_SETTING, timeout=settings.timeout)
            raise Unusable(f"IMAP: {reason}") from None
        except CapabilityError:
            raise Unusable(f"IMAP: {no_starttls(settings.host, settings.port, _SETTING, implicit=993)}") from None
        except IMAPClientError as error:
            raise Unusable(f"IMAP: {settings.host}:{settings.port} does not greet as it should ({error})") from None
        return client

    def _log_in(self, password: Secret) -> None:
        """Log in by one mechanism, once; raises ``AccessDenied`` when it is refused."""
        user, host = self._settings.user, self._settings.host
        try:
            if self._settings.auth == "xoauth2":
                token = f"user={user}\x01auth=Bearer {password.reveal()}\x01\x01"
                # To a challenge, which tells why the token is refused, an empty answer ends the exchange.
                self._client.sasl_login("XOAUTH2", lambda challenge: "" if challenge else token)
            elif f"{user}{password.reveal()}".isascii():
                self._client.login(user, password.reveal())
            elif self._client.has_capability("AUTH=PLAIN"):  # LOGIN has no character set, PLAIN has UTF-8 (RFC 4616)
                self._client.plain_login(user, password.reveal())
            else:
                raise AccessDenied(
                    f"IMAP: {host} offers no login that can carry {_SETTING}.user and .password (no AUTH=PLAIN): "
                    "set a password of ASCII characters"
                )
        except UnicodeEncodeError:  # its own text holds what it could not encode
            raise AccessDenied(
                f"IMAP: {_SETTING}.user or .password is no text that can be sent as UTF-8: set it anew"
            ) from None
        except (*LOST, IMAPClientError) as error:
            if isinstance(error, LOST) or isinstance(error.__context__, LOST):
                raise Unusable(f"IMAP: {host} ended the connection at the login") from None
            if any(code in str(error) for code in _NOT_NOW):
                raise Unusable(f"IMAP: {host} can't check logins now ({error})") from None
            raise AccessDenied(f"IMAP: the login of {user} at {host} is refused") from None

    def _full(self, folder: Sequence[str]) -> str:
        """Return the folder's whole name: below the configured parent, else in the server's personal namespace."""
        prefix, separator = "", "/"
        if self._client.has_capability("NAMESPACE") and (personal := self._client.namespace().personal):
            prefix, separator = personal[0][0] or "", personal[0][1] or "/"
        if self._settings.parent:
            prefix = f"{self._settings.parent}{separator}"
        return prefix + separator.join(folder)

    def _make(self, name: str) -> None:
        if name not in self._folders and not self._client.folder_exists(name):
            self._client.create_folder(name)
            self._client.subscribe_folder(name)
        self._folders.add(name)

    def _move(self, uid: int, name: str) -> None:
        if self._client.has_capability("MOVE"):
            self._client.move([uid], name)
            return
        if b"\\Deleted" in self._client.get_flags([uid]).get(uid, (b"\\Deleted",)):
            return  # filed before, or gone: a second copy would be one too many
        # Never a bare EXPUNGE: it would remove what others have marked. Without UIDPLUS the mark alone takes it out of the list.
        self._client.copy([uid], name)
        self._client.delete_messages([uid], silent=True)
        if self._client.has_capability("UIDPLUS"):
            self._client.uid_expunge([uid])


def _encrypt(client: IMAPClient, context: ssl.SSLContext) -> None:
    try:
        client.starttls(context)
    except BaseException:
        client.shutdown()
        raise


def _facts(data: Mapping[bytes, Any]) -> tuple[datetime, int] | None:
    if b"INTERNALDATE" not in data or b"RFC822.SIZE" not in data:
        return None
    return data[b"INTERNALDATE"], int(data[b"RFC822.SIZE"])


def _refused(error: IMAPClientError, name: str) -> Transient:
    text = str(error)
    if "OVERQUOTA" in text.upper() or "quota" in text.lower():
        return Transient(f"the mailbox is full: nothing can be moved to {name}; make room in it")
    return Transient(f"the server does not move the message to {name} ({text})")
