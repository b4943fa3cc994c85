"""What the bot and its reading process say to each other: frames of bounded length, JSON and bytes in them, never objects.

The process that reads holds what a stranger wrote: whatever comes from it is decoded into the fields of a reading and
nothing else, and may not contradict what is known of the message.
"""

from __future__ import annotations

import json
import re
import struct
from dataclasses import replace
from enum import Enum
from functools import cache
from typing import BinaryIO

from pydantic import TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass
from pydantic_core import PydanticSerializationError

from bot.ledger.codec import canonical
from bot.model import Message, Reading
from bot.settings.forms import FormsSettings

_HEAD = struct.Struct(">cI")
#: Bytes of one answer; that for 5,000 applications is a twentieth of it.
LONGEST_ANSWER = 64 * 2**20
#: No character, and what neither JSON nor a database takes.
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


class Frame(Enum):
    """What a frame holds: its first byte."""

    #: To the process: what it reads by, as JSON.
    SETUP = b"S"
    #: To the process: a line of JSON with what is known of a message, and its bytes.
    MESSAGE = b"M"
    #: From the process: it is set up; whether its memory is limited, as JSON.
    READY = b"Y"
    #: From the process: a reading, as JSON.
    READING = b"R"
    #: From the process: the same, and it ends now, as the message has left little memory to the next.
    LAST = b"L"
    #: From the process: the memory did not suffice; it ends now.
    NO_MEMORY = b"O"


class Garbled(ValueError):
    """Raised when a frame is none, is too long, or does not hold what it should."""


@dataclass(frozen=True, kw_only=True)
class Setup:
    """What the process reads by; there is no secret in it."""

    forms: FormsSettings
    #: The city's time zone, by its name.
    zone: str
    own_address: str

    def encoded(self) -> bytes:
        """Return it as JSON."""
        return _setup().dump_json(self)

    @classmethod
    def decoded(cls, content: bytes) -> Setup:
        """Return what was encoded."""
        return _setup().validate_json(content)


def send(to: BinaryIO, frame: Frame, content: bytes = b"") -> None:
    """Write a frame; raises ``OSError`` when nobody reads any longer."""
    to.write(_HEAD.pack(frame.value, len(content)) + content)
    to.flush()


def receive(source: BinaryIO, *, longest: int = 2**32) -> tuple[Frame, bytes] | None:
    """Return the next frame; ``None`` at the end, also when it comes in the middle of one. Raises ``Garbled``."""
    head = source.read(_HEAD.size)
    if len(head) < _HEAD.size:
        return None
    kind, length = _HEAD.unpack(head)
    if length > longest:
        raise Garbled(f"a frame of {length} bytes")
    content = source.read(length)
    try:
        return (Frame(kind), content) if len(content) == length else None
    except ValueError:
        raise Garbled(f"a frame of kind {kind!r}") from None


def message_content(message: Message) -> bytes:
    """Return a message as a frame holds it."""
    known = _message().dump_python(replace(message, content=b""), mode="json")
    return json.dumps(known).encode("ascii") + b"\n" + message.content


def message_of(content: bytes) -> Message:
    """Return the message that a frame holds."""
    head, _, rest = content.partition(b"\n")
    return replace(_message().validate_json(head), content=rest)


def encoded(reading: Reading) -> bytes:
    """Return a reading as JSON; half a character, which no text has, becomes the mark of what could not be read."""
    try:
        return _reading().dump_json(reading)
    except PydanticSerializationError:
        text = canonical(_reading().dump_python(reading))
        return _LONE_SURROGATE.sub("\ufffd", text).encode("utf-8")


def decoded(content: bytes, message: Message) -> Reading:
    """Return a reading of ``message`` out of what the process says; raises ``Garbled`` for what can't be one."""
    try:
        reading = _reading().validate_json(content, strict=True)
    except ValidationError as error:
        raise Garbled(f"{error.error_count()} fields of a reading are wrong") from None
    moments = [reading.entered_at, *(application.applied_at for application in reading.applications)]
    if any(moment is not None and moment.utcoffset() is None for moment in moments):
        raise Garbled("a time without a zone")
    if reading.identity.received_at != message.received_at:
        raise Garbled("another receipt time than the mailbox's")
    return reading


@cache
def _setup() -> TypeAdapter[Setup]:
    return TypeAdapter(Setup)


@cache
def _message() -> TypeAdapter[Message]:
    return TypeAdapter(Message)


@cache
def _reading() -> TypeAdapter[Reading]:
    return TypeAdapter(Reading)
