"""One IMAP connection, blocking: what the adapter needs of it, in terms of UIDs."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

from imapclient import IMAPClient
from imapclient.exceptions import CapabilityError, IMAPClientAbortError, IMAPClientError

from bot.errors import AccessDenied, Unfiled, Unusable
from bot.mail.receipt import from_line
from bot.mail.tls import no_starttls, why
from bot.secret import Secret
from bot.settings.imap import ImapSettings

_SETTING = "mailbox.imap"
_PAGE = 500  # messages asked for at a time
_BAD = "command error: BAD"  # as the library words it
#: RFC 5530: the login may be well, and the server is not.
NOT_NOW = ("[UNAVAILABLE]", "[INUSE]", "[LIMIT]", "[SERVERBUG]")

#: What a server that refuses, or answers what is no answer, makes the library raise; the connection is well.
_ODD = (IMAPClientError, ValueError, TypeError, LookupError, AssertionError)
#: No mail came before; a server that has lost the time says 1970, or the year 0.
_FIRST_YEAR, _LAST_YEAR = 1990, 2200
_FACTS = ("INTERNALDATE", "RFC822.SIZE")

#: What a broken connection raises.
LOST = (IMAPClientAbortError, OSError)


class Session:
    """A logged-in connection with the inbox selected.

    Raises ``AccessDenied`` when the login is refused, ``Unusable`` with one sentence when there is no way to the server,
    one of ``LOST`` when the server accepts the login and then answers no more.
    """

    def __init__(self, settings: ImapSettings, password: Secret, context: ssl.SSLContext) -> None:
        self._settings = settings
        #: The bot's folders by their name below the parent, once they are known to be there.
        self._places: dict[str, str] = {}
        self._can_move = True
        #: Why the server refused the last thing that was asked of a message; empty when it did not.
        self.refusal = ""
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
        if b"UIDVALIDITY" not in selected:
            raise Unusable(f"IMAP: {self._settings.host} gives messages no lasting numbers (UIDVALIDITY)")
        self.validity = int(selected[b"UIDVALIDITY"])
        return self.validity

    def waiting(self) -> list[int]:
        """Return the UIDs of all messages that are not deleted."""
        return list(self._client.search(["UNDELETED"]))

    def facts(self, uids: Sequence[int]) -> Iterator[tuple[int, datetime | None, int | None]]:
        """Yield UID, receipt time (aware) and size in bytes of each; ``None`` for what the server does not say, or not so that it can be."""
        for start in range(0, len(uids), _PAGE):
            yield from self._facts(uids[start : start + _PAGE])

    def _facts(self, uids: Sequence[int]) -> Iterator[tuple[int, datetime | None, int | None]]:
        """Yield the facts; where a server refuses for the sake of one message, it is asked about ever fewer at a time."""
        found = self._asked(uids, _FACTS)
        if found is None and len(uids) > 1:
            middle = len(uids) // 2
            yield from self._facts(uids[:middle])
            yield from self._facts(uids[middle:])
            return
        for uid in uids:
            data = (found or {}).get(uid, {})
            yield uid, _moment(data.get(b"INTERNALDATE")), _number(data.get(b"RFC822.SIZE"))

    def senders(self, uids: Sequence[int]) -> Iterator[tuple[int, str]]:
        """Yield UID and From line of each message that is there, in pages, without marking any as read."""
        for start in range(0, len(uids), _PAGE):
            found = self._asked(uids[start : start + _PAGE], ["BODY.PEEK[HEADER.FIELDS (FROM)]"])
            for uid, data in (found or {}).items():
                head = next((value for key, value in data.items() if key.startswith(b"BODY[HEADER.FIELDS")), None)
                if isinstance(head, bytes):
                    yield uid, from_line(head)

    def part(self, uid: int, name: str) -> bytes | None:
        """Return what ``BODY.PEEK[name]`` gives of a message, which is not marked as read; ``None`` when it gives nothing."""
        data = (self._asked([uid], [f"BODY.PEEK{name}"]) or {}).get(uid, {})
        found = (value for key, value in data.items() if key.startswith(b"BODY["))
        return next((value for value in found if isinstance(value, bytes)), None)

    def described(self, uid: int, item: str) -> Any:  # noqa: ANN401 - as the library has it
        """Return a message's ``BODYSTRUCTURE`` or ``ENVELOPE``, or ``None`` when the server gives none."""
        return (self._asked([uid], [item]) or {}).get(uid, {}).get(item.encode("ascii"))

    def is_there(self, uid: int) -> bool:
        """Tell whether a message is in the inbox and not deleted."""
        return uid in self._client.search(["UID", str(uid), "UNDELETED"])

    def _asked(self, uids: Sequence[int], items: Sequence[str]) -> Mapping[int, Mapping[bytes, Any]] | None:
        """Return what the server says of messages; ``None`` when it refuses or answers nonsense, which ``refusal`` then tells."""
        self.refusal = ""
        try:
            found: Mapping[int, Mapping[bytes, Any]] = self._client.fetch(uids, items)
        except IMAPClientAbortError:
            raise
        except _ODD as error:
            self.refusal = f"{type(error).__name__}: {error}"[:200]
            return None
        return found

    def move(self, uid: int, folder: str) -> None:
        """Move a message to a folder below the parent, made if missing; a message that is gone is none to move.

        Raises ``Unfiled`` when the mailbox is full or refuses.
        """
        for last in (False, True):
            name = self._place(folder)
            try:
                self._move(uid, name)
                return
            except IMAPClientAbortError:
                raise
            except IMAPClientError as error:
                if not self.is_there(uid):
                    return
                if last or "TRYCREATE" not in str(error):
                    raise _refused(error, name) from None
                self._places.pop(folder, None)  # removed meanwhile

    def bring_back(self, folder: str) -> int:
        """Move every message of a folder below the parent to the inbox, which is selected afterwards; returns how many.

        Raises ``Unfiled`` when the mailbox is full or refuses.
        """
        inbox = self._settings.inbox
        try:
            if not any(self._selected(name) for name in self._names(folder)):
                return 0
            uids = self.waiting()
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
            if any(code in str(error) for code in NOT_NOW):
                raise Unusable(f"IMAP: {host} can't check logins now ({error})") from None
            raise AccessDenied(f"IMAP: the login of {user} at {host} is refused") from None

    def _place(self, folder: str) -> str:
        """Return the folder's whole name; it is made where it is not there, or the server does not say whether it is."""
        if folder not in self._places:
            names = self._names(folder)
            there = next((name for name in names if self._exists(name)), None)
            there = there or next((name for name in names if self._created(name)), None)
            if there is None:
                return names[0]  # the move itself says what is wrong with it
            self._places[folder] = there
        return self._places[folder]

    def _names(self, folder: str) -> list[str]:
        """Return what the folder may be called: below the configured parent, else in the personal namespace, or below INBOX."""
        prefix, separator = self._namespace()
        if self._settings.parent:
            return [f"{self._settings.parent}{separator}{folder}"]
        return [f"{prefix}{folder}", *([] if prefix else [f"INBOX{separator}{folder}"])]

    def _namespace(self) -> tuple[str, str]:
        """Return what personal folders begin with and what stands between their levels (RFC 2342; else by LIST)."""
        try:
            if self._client.has_capability("NAMESPACE") and (personal := self._client.namespace().personal):
                return personal[0][0] or "", personal[0][1] or "/"
            listed = self._client.list_folders("", "")
            return "", listed[0][1].decode("ascii") if listed and listed[0][1] else "/"
        except IMAPClientAbortError:
            raise
        except _ODD:
            return "", "/"

    def _exists(self, name: str) -> bool:
        try:
            listed = self._client.list_folders("", name)
        except IMAPClientAbortError:
            raise
        except _ODD:
            return False
        no_folder = {b"\\noselect", b"\\nonexistent"}
        return any(
            str(found).casefold() == name.casefold() and not no_folder & {flag.lower() for flag in flags}
            for flags, _, found in listed
        )

    def _created(self, name: str) -> bool:
        """Make a folder; one that is there already is as good."""
        try:
            self._client.create_folder(name)
        except IMAPClientAbortError:
            raise
        except IMAPClientError as error:
            return "exists" in str(error).lower()  # RFC 5530: [ALREADYEXISTS]; older servers say it in words
        self._bear(lambda: self._client.subscribe_folder(name))
        return True

    def _selected(self, name: str) -> bool:
        return self._bear(lambda: self._client.select_folder(name))

    @staticmethod
    def _bear(work: Callable[[], object]) -> bool:
        """Do what may be refused; tells whether it was done."""
        try:
            work()
        except IMAPClientAbortError:
            raise
        except IMAPClientError:
            return False
        return True

    def _move(self, uid: int, name: str) -> None:
        if self._can_move and self._client.has_capability("MOVE"):
            try:
                self._client.move([uid], name)
                return
            except IMAPClientAbortError:
                raise
            except IMAPClientError as error:
                if _BAD not in str(error):
                    raise
                self._can_move = False  # it does not know what it has offered: nothing was done
        if b"\\Deleted" in self._client.get_flags([uid]).get(uid, (b"\\Deleted",)):
            return  # filed before, or gone: a second copy would be one too many
        # Changes nothing; a server that would not let the original be marked says so before there is a copy.
        self._client.remove_flags([uid], [b"\\Deleted"], silent=True)
        self._client.copy([uid], name)
        self._client.delete_messages([uid], silent=True)
        # Never a bare EXPUNGE: it would remove what others have marked. The mark alone takes it out of the list.
        if self._client.has_capability("UIDPLUS"):
            self._bear(lambda: self._client.uid_expunge([uid]))


def _encrypt(client: IMAPClient, context: ssl.SSLContext) -> None:
    try:
        client.starttls(context)
    except BaseException:
        client.shutdown()
        raise


def _moment(value: object) -> datetime | None:
    """Return a receipt time that a server may well mean, else ``None``."""
    if isinstance(value, datetime) and value.tzinfo and _FIRST_YEAR <= value.year <= _LAST_YEAR:
        return value
    return None


def _number(value: object) -> int | None:
    return value if isinstance(value, int) else None


def _refused(error: IMAPClientError, name: str) -> Unfiled:
    text = str(error)
    if "quota" in text.lower():  # RFC 5530: [OVERQUOTA]
        return Unfiled(f"the mailbox is full: nothing can be moved to {name}; make room in it")
    return Unfiled(f"the server does not move the message to {name} ({text})")
