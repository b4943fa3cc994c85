"""Envelopes, names and errors of Exchange Web Services, as Microsoft publishes them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from lxml import etree
from lxml.builder import ElementMaker

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
MESSAGES = "http://schemas.microsoft.com/exchange/services/2006/messages"
TYPES = "http://schemas.microsoft.com/exchange/services/2006/types"
NAMES = {"s": SOAP, "m": MESSAGES, "t": TYPES}
Element = Any

S = ElementMaker(namespace=SOAP, nsmap=NAMES)
M = ElementMaker(namespace=MESSAGES, nsmap=NAMES)
T = ElementMaker(namespace=TYPES, nsmap=NAMES)
E = ElementMaker(namespace="http://schemas.microsoft.com/exchange/services/2006/errors")
_MOST_BYTES = 60 * 2**20


class Refusal(Exception):
    """An error of the service for one item, by its published code."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


def request_of(content: bytes) -> Element:
    """Return the operation's element of an envelope; raises ``ValueError`` for anything that is none."""
    if len(content) > _MOST_BYTES:
        raise ValueError("too large")
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=True)
    body = etree.fromstring(content, parser).find(f"{{{SOAP}}}Body")
    if body is None or len(body) != 1:
        raise ValueError("no SOAP body with one operation")
    return body[0]


def answer(operation: str, messages: Iterable[Callable[[], list[Element]]]) -> bytes:
    """Return the envelope with one response message for each piece of work, successful or refused."""
    made = [_message(operation, work) for work in messages]
    response = M(f"{operation}Response", M("ResponseMessages", *made))
    version = T(
        "ServerVersionInfo", MajorVersion="15", MinorVersion="2", MajorBuildNumber="1118", MinorBuildNumber="7",
        Version="V2017_07_11",
    )  # fmt: skip
    envelope = S("Envelope", S("Header", version), S("Body", response))
    return bytes(etree.tostring(envelope, xml_declaration=True, encoding="utf-8"))


def _message(operation: str, work: Callable[[], list[Element]]) -> Element:
    name = f"{operation}ResponseMessage"
    try:
        return M(name, M("ResponseCode", "NoError"), *work(), ResponseClass="Success")
    except Refusal as refusal:
        parts = [M("MessageText", str(refusal)), M("ResponseCode", refusal.code), M("DescriptiveLinkKey", "0")]
        return M(name, *parts, ResponseClass="Error")


def busy(back_off_ms: int) -> bytes:
    """Return the fault of a server that is too busy: it comes with HTTP 500, and says how long to stay away."""
    text = "The server cannot service this request right now. Try again later."
    return fault("ErrorServerBusy", text, T("MessageXml", T("Value", str(back_off_ms), Name="BackOffMilliseconds")))


def fault(code: str, text: str, *more: Element) -> bytes:
    """Return the answer to a request as a whole that is not understood, or not served; it comes with HTTP 500."""
    detail = etree.Element("detail")
    detail.append(E("ResponseCode", code))
    detail.append(E("Message", text))
    detail.extend(more)
    said = S("Fault")
    for name, value in (("faultcode", "s:Server"), ("faultstring", text)):
        etree.SubElement(said, name).text = value
    said.append(detail)
    return bytes(etree.tostring(S("Envelope", S("Body", said)), xml_declaration=True, encoding="utf-8"))
