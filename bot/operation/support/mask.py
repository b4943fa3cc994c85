"""Takes people, addresses and logins in addresses out of what leaves the house. Rather too much than too little."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from urllib.parse import urlsplit

PERSON, ADDRESS = "<person>", "<address>"
_LOGIN = re.compile(r"(?<=://)[^/\s]*@")
_MAIL = re.compile(r"[^\s<>\"'(),:;=\[\]{}|\\]+[@＠][\w.\-]+")
_WEB = re.compile(r"[A-Za-z][\w+.\-]*://[^\s\"'<>]+")
#: Shorter ones stand everywhere by chance.
_SHORTEST_NUMBER, _SHORTEST_WORD = 3, 2


class Mask:
    """Knows the people of the house, and leaves nothing of them in a text."""

    def __init__(
        self, people: Iterable[str], *, clean: Callable[[str], str], keep_host: str = "", home: str = ""
    ) -> None:
        """``people`` are names and numbers; ``clean`` takes secrets out; paths of addresses stay at ``keep_host`` alone."""
        self._clean, self._keep_host, self._home = clean, keep_host, home
        self._words = frozenset(word for told in people for word in _words(told))
        # How long the words are that begin so, the longest first: a hundred thousand employees are looked up, not tried.
        lengths: defaultdict[str, set[int]] = defaultdict(set)
        for word in self._words:
            lengths[word[:_SHORTEST_WORD]].add(len(word))
        self._lengths = {begin: sorted(found, reverse=True) for begin, found in lengths.items()}

    def text(self, text: str) -> str:
        """Return ``text`` without secrets, people, mail addresses, and what stands behind the host of a web address."""
        text = self._clean(text)
        if self._home:
            text = text.replace(self._home, "~")
        text = _WEB.sub(self._address, text)
        return "".join(self._without_people(_MAIL.sub(ADDRESS, text)))

    def value(self, value: object) -> object:
        """Return ``value``, made of what JSON knows, with every text in it masked, keys included."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {self.text(str(key)): self.value(item) for key, item in value.items()}
        if isinstance(value, list | tuple | set | frozenset):
            return [self.value(item) for item in value]
        return value if value is None or isinstance(value, bool | int | float) else self.text(str(value))

    def _address(self, found: re.Match[str]) -> str:
        shown = _LOGIN.sub("<login>@", found.group())
        address, mark, _ = shown.partition("?")
        scheme, _, rest = address.partition("://")
        host, slash, path = rest.partition("/")
        if scheme == "sqlite":
            return shown
        if self._keep_host and host == self._keep_host:
            return address + ("?<query>" if mark else "")
        return f"{scheme}://{host}" + ("/<path>" if (slash and path) or mark else "")

    def _without_people(self, text: str) -> Iterator[str]:
        done = at = 0
        while at < len(text):
            word = self._word(text, at)
            if not word:
                at += 1
                continue
            yield text[done:at]
            yield PERSON
            done = at = at + len(word)
        yield text[done:]

    def _word(self, text: str, at: int) -> str:
        """Return the longest word that stands at a place; empty where none does."""
        begun = (text[at : at + length] for length in self._lengths.get(text[at : at + _SHORTEST_WORD], ()))
        return next((word for word in begun if word in self._words and _is_whole(word, text, at)), "")


def host_of(url: str) -> str:
    """Return host and port of an address."""
    return urlsplit(url).netloc.rpartition("@")[2]


def _words(told: str) -> Iterator[str]:
    """Yield what a name is written as: whole, without its space, with a narrow one, and each of its parts."""
    parts = told.split()
    for word in {told.strip(), "".join(parts), " ".join(parts), "　".join(parts), *parts}:
        if len(word) >= (_SHORTEST_NUMBER if word.isdigit() else _SHORTEST_WORD):
            yield word


def _is_whole(word: str, text: str, at: int) -> bool:
    """Tell whether what stands at a place is all of it: a number not within a longer one, a Latin word not within another."""
    before, after = text[at - 1 : at], text[at + len(word) : at + len(word) + 1]
    if word.isdigit():
        return not (before.isdigit() or after.isdigit())
    if word.isascii() and word.isalpha():
        return not (before.isascii() and before.isalnum()) and not (after.isascii() and after.isalnum())
    return True
