"""The operations of the endpoint that the bot's client uses."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Callable
from functools import partial

from bot.sandbox.ews.faults import EwsFaults
from bot.sandbox.ews.soap import NAMES, Element, M, Refusal, T, answer
from bot.sandbox.ews.store import FolderRow, Item, Store

_STAMP = "%Y-%m-%dT%H:%M:%SZ"


class Verbs:
    """Carries operations out on a store."""

    def __init__(self, store: Store, faults: EwsFaults) -> None:
        self._store = store
        self._faults = faults
        self._known: dict[str, Callable[[Element], list[Callable[[], list[Element]]]]] = {
            "GetFolder": self._get_folder, "FindFolder": self._find_folder, "CreateFolder": self._create_folder,
            "FindItem": self._find_item, "GetItem": self._get_item, "MoveItem": self._move_item,
            "CreateItem": self._create_item,
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
            found = [row for row in rows if wanted is None or row.name == wanted.get("Value")]
            folders = T("Folders", *map(self._folder_xml, found))
            return [_page(folders, len(found), len(found), last=True)]

        return [partial(below, node) for node in request.find("m:ParentFolderIds", NAMES)]

    def _create_folder(self, request: Element) -> list[Callable[[], list[Element]]]:
        parent = request.find("m:ParentFolderId", NAMES)[0]

        def make(node: Element) -> list[Element]:
            row = self._store.make(node.findtext("t:DisplayName", namespaces=NAMES), self._folder(parent).key)
            return [M("Folders", T("Folder", T("FolderId", Id=row.key, ChangeKey="AQ==")))]

        return [partial(make, node) for node in request.find("m:Folders", NAMES)]

    def _find_item(self, request: Element) -> list[Callable[[], list[Element]]]:
        view = request.find("m:IndexedPageItemView", NAMES)
        first, most = int(view.get("Offset")), int(view.get("MaxEntriesReturned"))

        def below(node: Element) -> list[Element]:
            every = self._store.within(self._folder(node).key)
            shown = every[first : first + most]
            end = first + len(shown)
            return [_page(T("Items", *map(_short, shown)), end, len(every), last=end >= len(every))]

        return [partial(below, node) for node in request.find("m:ParentFolderIds", NAMES)]

    def _get_item(self, request: Element) -> list[Callable[[], list[Element]]]:
        whole = request.findtext(".//t:IncludeMimeContent", namespaces=NAMES) == "true" or any(
            node.get("FieldURI") == "item:MimeContent" for node in request.iterfind(".//t:FieldURI", NAMES)
        )

        def one(node: Element) -> list[Element]:
            item = self._item(node)
            content = [T("MimeContent", b64encode(item.content).decode("ascii"), CharacterSet="UTF-8")] if whole else []
            return [M("Items", _short(item, *content))]

        return [partial(one, node) for node in request.find("m:ItemIds", NAMES)]

    def _move_item(self, request: Element) -> list[Callable[[], list[Element]]]:
        target = request.find("m:ToFolderId", NAMES)[0]

        def one(node: Element) -> list[Element]:
            item, folder = self._item(node), self._folder(target)
            if self._faults.take("quota"):
                raise Refusal("ErrorQuotaExceeded", "The mailbox has exceeded its quota.")
            return [M("Items", T("Message", _id(self._store.move(item, folder.key))))]

        return [partial(one, node) for node in request.find("m:ItemIds", NAMES)]

    def _create_item(self, request: Element) -> list[Callable[[], list[Element]]]:
        if request.get("MessageDisposition") != "SendOnly":
            return [partial(_refuse, "ErrorInvalidOperation", "only SendOnly is offered: no copy of a notice is kept")]

        def send(node: Element) -> list[Element]:
            if self._faults.take("refuse_send"):
                raise Refusal(
                    "ErrorSendAsDenied", "The user account does not have the right to send mail as this account."
                )
            content = node.findtext("t:MimeContent", namespaces=NAMES)
            if not content:
                raise Refusal("ErrorInvalidRecipients", "At least one recipient isn't valid.")
            self._store.sent.append(b64decode(content))
            return [M("Items")]

        return [partial(send, node) for node in request.find("m:Items", NAMES)]

    def _folder(self, node: Element) -> FolderRow:
        row = self._store.folders.get(node.get("Id"))
        if row is None:
            raise Refusal("ErrorFolderNotFound", "The specified folder could not be found in the store.")
        return row

    def _item(self, node: Element) -> Item:
        item = self._store.items.get(node.get("Id"))
        if item is None:
            raise Refusal("ErrorItemNotFound", "The specified object was not found in the store.")
        return item

    def _folder_xml(self, row: FolderRow) -> Element:
        return T(
            "Folder", T("FolderId", Id=row.key, ChangeKey="AQ=="), T("ParentFolderId", Id=row.parent or row.key),
            T("FolderClass", "IPF.Note"), T("DisplayName", row.name), T("TotalCount", str(len(self._store.within(row.key)))),
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


def _short(item: Item, *before: Element) -> Element:
    """Return an item; the schema wants its MIME first."""
    received = T("DateTimeReceived", item.received.strftime(_STAMP))
    return T("Message", *before, _id(item), received, T("Size", str(len(item.content))))
