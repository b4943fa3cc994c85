"""The endpoint speaks as Microsoft publishes it: no name that the client's own types do not know, and no nonsense taken."""

from __future__ import annotations

import pytest
from exchangelib import fields, properties
from exchangelib.items import Item
from exchangelib.properties import EWSElement
from exchangelib.services.common import EWSService
from lxml import etree

from bot.errors import Transient
from bot.mail.exchange import ExchangeMailbox
from bot.mail.port import Folder
from bot.sandbox.ews.server import EwsServer
from bot.sandbox.ews.soap import MESSAGES, TYPES, request_of
from tests.ews_kit import notice, receive


async def test_the_endpoint_uses_published_names_only(server: EwsServer, mailbox: ExchangeMailbox) -> None:
    """Every element it answers with is one that the client's own types or services know by Microsoft's schema."""
    server.answers.clear()
    receive(server, "a", "b")
    first, second = await mailbox.list_new()
    await mailbox.fetch(first)
    await mailbox.file(first, Folder.PROCESSED)
    server.faults.quota = 1
    with pytest.raises(Transient):
        await mailbox.file(second, Folder.PROCESSED)
    await mailbox.send(notice())
    used = {node.tag for answer in server.answers for node in etree.fromstring(answer).iter()}
    types = {tag.partition("}")[2] for tag in used if tag.startswith(f"{{{TYPES}}}")}
    messages = {tag.partition("}")[2] for tag in used if tag.startswith(f"{{{MESSAGES}}}")}
    assert types <= known_types()
    assert messages <= known_messages()


def known_types() -> set[str]:
    """Return the names of the types namespace that the client knows; the last ones are read by its services directly."""
    names, waiting = {"ServerVersionInfo", "Folders", "Items", "Value"}, [EWSElement]
    while waiting:
        kind = waiting.pop()
        waiting += kind.__subclasses__()
        names |= {kind.ELEMENT_NAME} if kind.ELEMENT_NAME else set()
        own = [*getattr(kind, "FIELDS", ())]
        names |= {uri.rpartition(":")[2] for one in own if (uri := getattr(one, "field_uri", None))}
        names |= {
            one.value_cls.ELEMENT_NAME for one in own if isinstance(one, fields.EWSElementField) and one.value_cls
        }
    assert issubclass(Item, EWSElement)
    assert properties.ItemId.ELEMENT_NAME in names
    return names


def known_messages() -> set[str]:
    """Return the names of the messages namespace: those of operations, and those common to all answers."""
    names = {"ResponseMessages", "ResponseCode", "MessageText", "MessageXml", "DescriptiveLinkKey", "RootFolder"}
    waiting = [EWSService]
    while waiting:
        kind = waiting.pop()
        waiting += kind.__subclasses__()
        names |= {f"{kind.SERVICE_NAME}Response", f"{kind.SERVICE_NAME}ResponseMessage"}
        if kind.element_container_name:
            names.add(kind.element_container_name.rpartition("}")[2])
    return names


@pytest.mark.parametrize(
    "content",
    [
        b"", b"<x/>", b"not xml",
        b'<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]><s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"/>',
    ],
)  # fmt: skip
def test_nonsense_is_refused_by_the_endpoint(content: bytes) -> None:
    """What is no envelope with one operation is a ValueError, and nothing outside is read for it."""
    with pytest.raises((ValueError, etree.XMLSyntaxError)):
        request_of(content)
