"""Mails in ISO-2022-JP, for mail programs that know nothing newer (RFC 1468); headers too."""

from __future__ import annotations

from email.charset import Charset
from email.header import Header
from email.utils import formataddr
from typing import Any

from bot.delivery.wrapping import NoticePolicy

CHARSET = "iso-2022-jp"


def fits(text: str) -> bool:
    """Tell whether the text can be written in ISO-2022-JP: ①, 髙 and half-width kana can't."""
    try:
        text.encode(CHARSET)
    except UnicodeEncodeError:
        return False
    return True


class JisPolicy(NoticePolicy):
    """Writes headers with Japanese in them as ISO-2022-JP encoded words (RFC 2047) in place of UTF-8."""

    def fold_binary(self, name: str, value: Any) -> bytes:  # noqa: ANN401 - one of many header classes
        """Return the header as it is sent."""
        text = str(value)
        if text.isascii() or not fits(text):
            return super().fold_binary(name, value)
        if name.lower() == "from":
            (sender,) = value.addresses
            shown = formataddr((_encoded(sender.display_name, name), sender.addr_spec))
        else:
            shown = _encoded(text, name)
        return f"{name}: {shown}{self.linesep}".encode("ascii")


def _encoded(text: str, name: str) -> str:
    return Header(text, charset=Charset(CHARSET), header_name=name, maxlinelen=76).encode(linesep="\r\n")
