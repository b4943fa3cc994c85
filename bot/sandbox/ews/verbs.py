"""The operations of the endpoint that the bot's client uses."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Callable, Sequence
from email import message_from_bytes
from email.message import Message
from email.policy import default
from email.utils import parseaddr
from functools import partial

from bot.sandbox.ews.faults import EwsFaults
from bot.sandbox.ews.parts import attachment, body, files, headers, mail_of
from bot.sandbox.ews.soap import NAMES, Element, M, Refusal, T, answer
from bot.sandbox.ews.store import FolderRow, Item, Store

#: What a mail may lose when it is written anew.
_TRACE = ("received", "return-path", "auto-submitted", "authentication-results")


class Verbs:
    """Carries operations out on a store."""

    def __init__(self, store: Store, faults: EwsFaults) -> None:
        self._store = store
        self._faults = faults
        self._known: dict[str, Callable[[Element], list[Callable[[], list[Element]]]]] = {
            "GetFolder": self._get_folder, "FindFolder": self._find_folder, "CreateFolder": self._create_folder,
            "FindItem": self._find_item, "GetItem": self._get_item, "MoveItem": self._move_item,
            "CreateItem": self._create_item, "GetAttachment": self._get_attachment,
        }  # fmt: skip

    def answer(self, operation: str, request: Element) -> bytes:
        """Return the answer to one operation."""
        if operation not in self._known:
            return answer(operation, [partial(_refuse, "ErrorInvalidOperation", f"{operation} is not offered")])
        return answer(operation, self._known[operation](request))

    def _get_folder(self, request: Element) -> list[Callable[[], list[Element]]]:
        return [partial(self._folder_message, node) for node in request.find("m:FolderIds", NAMES)]

    def _folder_message(self, node: Element) -> list[Element]:
        return [M("Folders", self._folder_xml(self._folder(node)))]

    def _find_folder(self, request: Element) -> list[Callable[[], list[Element]]]:
        wanted = request.find(".//t:IsEqualTo//t:Constant", NAMES)

        def below(node: Element) -> list[Element]:
            rows = self._store.children(self._folder(node).key)
            if self._faults.take("no_root_folder"):
                return []
            found = [row for row in rows if wanted is None or row.name == wanted.get("Value")]
            folders = T("Folders", *map(self._folder_xml, found))
            return [_page(folders, len(found), len(found), last=True)]

        return [partial(below, node) for node in request.find("m:ParentFolderIds", NAMES)]

    def _create_folder(self, request: Element) -> list[Callable[[], list[Element]]]:
        parent = request.find("m:ParentFolderId", NAMES)[0]

        def make(node: Element) -> list[Element]:
            if self._faults.take("folder_exists"):
                raise Refusal("ErrorFolderExists", "A folder with the specified name already exists.")
            row = self._store.make(node.findtext("t:DisplayName", namespaces=NAMES), self._folder(parent).key)
            return [M("Folders", T("Folder", T("FolderId", Id=row.key, ChangeKey="AQ==")))]

        return [partial(make, node) for node in request.find("m:Folders", NAMES)]

    def _find_item(self, request: Element) -> list[Callable[[], list[Element]]]:
        view = request.find("m:IndexedPageItemView", NAMES)
        first, most = int(view.get("Offset")), int(view.get("MaxEntriesReturned"))
        orders = request.findall("m:SortOrder/t:FieldOrder", NAMES)
        asked = _asked(request)

        def below(node: Element) -> list[Element]:
            every = _ordered(self._store.within(self._folder(node).key), orders)
            if request.find("m:Restriction", NAMES) is not None:
                raise Refusal("ErrorUnsupportedPathForQuery", "no restriction is offered")
            shown = every[first : first + most]
            end = first + len(shown)
            return [
                _page(
                    T("Items", *(T("Message", _id(item), *self._facts(item, asked)) for item in shown)),
                    end,
                    len(every),
                    last=end >= len(every),
                )
            ]

        return [partial(below, node) for node in request.find("m:ParentFolderIds", NAMES)]

    def _get_item(self, request: Element) -> list[Callable[[], list[Element]]]:
        asked = _asked(request)
        if request.findtext(".//t:IncludeMimeContent", namespaces=NAMES) == "true":
            asked.add("item:MimeContent")
        return [partial(self._item_message, node, asked) for node in request.find("m:ItemIds", NAMES)]

    def _item_message(self, node: Element, asked: set[str]) -> list[Element]:
        """Return an item with what is asked of it, in the order of the schema."""
        item, faults = self._item(node), self._faults
        if faults.of_mails_with in item.content:
            code = faults.item_error or (faults.mime_error if "item:MimeContent" in asked else "")
            if code:
                raise Refusal(code, "The item can't be given.")
        mail = mail_of(item)
        before = [self._mime(item)] if "item:MimeContent" in asked and not faults.no_mime else []
        subject = [T("Subject", str(mail["Subject"]))] if "item:Subject" in asked and mail["Subject"] else []
        text = [body(mail)] if "item:Body" in asked else []
        files_of = enumerate(files(mail)) if "item:Attachments" in asked else ()
        attached = [attachment(item, number, file, whole=False) for number, file in files_of]
        middle = [*subject, *text, *([T("Attachments", *attached)] if attached else [])]
        as_sent = [headers(mail)] if "item:InternetMessageHeaders" in asked else []
        message = T(
            "Message", *before, _id(item), *middle, *self._facts(item, asked, headers=as_sent), *_sender(mail, asked)
        )
        return [M("Items", message)]

    def _mime(self, item: Item) -> Element:
        mail = mail_of(item)
        for name in _TRACE if self._faults.bare_mime else ():
            del mail[name]
        content = mail.as_bytes(policy=mail.policy.clone(linesep="\r\n")) if self._faults.bare_mime else item.content
        return T("MimeContent", b64encode(content).decode("ascii"), CharacterSet="UTF-8")

    def _facts(self, item: Item, asked: set[str], *, headers: Sequence[Element] = ()) -> list[Element]:
        """Return what is told of every item, and when it was made where that was asked for, in the order of the schema."""
        stamp, faults = item.received.strftime, self._faults
        received = [T("DateTimeReceived", stamp(faults.stamp))] if faults.stamp else []
        told = faults.created_stamp if "item:DateTimeCreated" in asked else None
        created = [T("DateTimeCreated", stamp(told))] if told else []
        return [*received, T("Size", str(len(item.content))), *headers, *created]

    def _get_attachment(self, request: Element) -> list[Callable[[], list[Element]]]:
        def one(node: Element) -> list[Element]:
            key, _, number = node.get("Id").partition(".")
            item = self._store.items.get(key)
            if item is None:
                raise Refusal("ErrorItemNotFound", "The specified object was not found in the store.")
            if self._faults.attachment_error:
                raise Refusal(self._faults.attachment_error, "The attachment can't be given.")
            file = files(mail_of(item))[int(number)]
            return [M("Attachments", attachment(item, int(number), file, whole=True))]

        return [partial(one, node) for node in request.find("m:AttachmentIds", NAMES)]

    def _move_item(self, request: Element) -> list[Callable[[], list[Element]]]:
        target = request.find("m:ToFolderId", NAMES)[0]

        def one(node: Element) -> list[Element]:
            item, folder = self._item(node), self._folder(target, missing="ErrorToFolderNotFound")
            if self._faults.take("quota"):
                raise Refusal("ErrorQuotaExceeded", "The mailbox has exceeded its quota.")
            if self._faults.move_error and self._faults.of_mails_with in item.content:
                raise Refusal(self._faults.move_error, "The item can't be moved.")
            return [M("Items", T("Message", _id(self._store.move(item, folder.key))))]

        return [partial(one, node) for node in request.find("m:ItemIds", NAMES)]

    def _create_item(self, request: Element) -> list[Callable[[], list[Element]]]:
        if request.get("MessageDisposition") != "SendOnly":
            return [partial(_refuse, "ErrorInvalidOperation", "only SendOnly is offered: no copy of a notice is kept")]

        def send(node: Element) -> list[Element]:
            if self._faults.take("refuse_send"):
                raise Refusal(self._faults.refuse_code, "The mail is not accepted.")
            content = node.findtext("t:MimeContent", namespaces=NAMES)
            if not content:
                raise Refusal("ErrorInvalidRecipients", "At least one recipient isn't valid.")
            mail = message_from_bytes(b64decode(content), policy=default)
            if self._faults.refuse_recipients & {address.addr_spec for address in mail["To"].addresses}:
                raise Refusal("ErrorInvalidRecipients", "At least one recipient isn't valid.")
            self._store.sent.append(b64decode(content))
            return [M("Items")]

        return [partial(send, node) for node in request.find("m:Items", NAMES)]

    def _folder(self, node: Element, missing: str = "ErrorFolderNotFound") -> FolderRow:
        owner = node.findtext("t:Mailbox/t:EmailAddress", namespaces=NAMES)
        if owner and self._store.address and owner.casefold() != self._store.address.casefold():
            raise Refusal("ErrorNonExistentMailbox", "The SMTP address has no mailbox associated with it.")
        row = self._store.folders.get(node.get("Id"))
        if row is None:
            raise Refusal(missing, "The specified folder could not be found in the store.")
        return row

    def _item(self, node: Element) -> Item:
        item = self._store.items.get(node.get("Id"))
        if item is None:
            raise Refusal("ErrorItemNotFound", "The specified object was not found in the store.")
        return item

    def _folder_xml(self, row: FolderRow) -> Element:
        return T(
            "Folder", T("FolderId", Id=row.key, ChangeKey="AQ=="), T("ParentFolderId", Id=row.parent or row.key),
            T("FolderClass", row.kind), T("DisplayName", row.name), T("TotalCount", str(len(self._store.within(row.key)))),
            T("ChildFolderCount", str(len(self._store.children(row.key)))),
        )  # fmt: skip


def _refuse(code: str, text: str) -> list[Element]:
    raise Refusal(code, text)


def _page(content: Element, offset: int, total: int, *, last: bool) -> Element:
    return M(
        "RootFolder", content, IndexedPagingOffset=str(offset), TotalItemsInView=str(total),
        IncludesLastItemInRange=str(last).lower(),
    )  # fmt: skip


def _id(item: Item) -> Element:
    return T("ItemId", Id=item.key, ChangeKey="AQ==")


def _asked(request: Element) -> set[str]:
    return {node.get("FieldURI") for node in request.iterfind(".//t:FieldURI", NAMES)}


def _sender(mail: Message, asked: set[str]) -> list[Element]:
    """Return who a mail is from and its Message-ID, as far as it says so and was asked for it."""
    _, address = parseaddr(str(mail["From"] or ""))
    sender = [T("From", T("Mailbox", T("EmailAddress", address)))] if "message:From" in asked and address else []
    name = [T("InternetMessageId", str(mail["Message-ID"]))] if mail["Message-ID"] else []
    return [*sender, *(name if "message:InternetMessageId" in asked else [])]


def _ordered(items: list[Item], orders: list[Element]) -> list[Item]:
    """Sort by the time of receipt, the one order that is offered."""
    if any(order.find("t:FieldURI", NAMES).get("FieldURI") != "item:DateTimeReceived" for order in orders):
        raise Refusal("ErrorUnsupportedPathForSortGroup", "only the time of receipt is offered to sort by")
    return list(reversed(items)) if any(order.get("Order") == "Descending" for order in orders) else items
