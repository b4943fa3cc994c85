"""What an operator reads when a screen is not as the flow expects: which landmark, what it is probably called now, and a picture."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape

from bot.console.outline import Part, closest, difference

_HOW = {
    "-": ("gone", "なくなった / gone"),
    "+": ("new", "新しい / new"),
    " ": ("same", ""),
}
_STYLE = (
    "body{font:14px/1.6 sans-serif;margin:2em;max-width:1100px}td{padding:.1em .8em;font-family:monospace}"
    ".gone{background:#fdd}.new{background:#dfd}img{max-width:100%;border:1px solid #888}dt{font-weight:bold}"
)


@dataclass(frozen=True, kw_only=True)
class DriftReport:
    """A screen that is not the one a flow means; everything in it is masked already."""

    console: str
    #: The file that knows the screen.
    flow: str
    step: str
    screen: str
    role: str
    name: str
    at: datetime
    now: tuple[Part, ...]
    #: What stood there on the last good visit; empty where there was none.
    then: tuple[Part, ...] = ()

    @property
    def likely(self) -> Part | None:
        """What the missing landmark is probably called now: among what is new, if anything is."""
        known = {part.key for part in self.then}
        return closest(self.role, self.name, [part for part in self.now if part.key not in known])

    def text(self) -> str:
        """Return it as text."""
        lines = [
            f"画面変更 / changed screen: {self.screen}", f"操作 / step: {self.step}",
            f"見つからない目印 / missing: {Part(role=self.role, name=self.name)}",
            f"今の名称の候補 / probably now: {self.likely or '不明 / unknown'}", f"{self.at.isoformat(timespec='seconds')}  {self.console}", "",
            self._todo_ja, self._todo_en, "",
            "前回の画面との違い / then and now:" if self.then else "今の画面 / the screen now:",
            *(f"{mark} {part}" for mark, part in self._lines()),
        ]  # fmt: skip
        return "\n".join(lines) + "\n"

    def html(self, picture: bytes | None) -> str:
        """Return it as one page that needs nothing else."""
        facts = {
            "画面 / screen": self.screen, "操作 / step": self.step, "日時 / at": self.at.isoformat(timespec="seconds"),
            "管理コンソール / console": self.console,
            "見つからない目印 / missing landmark": str(Part(role=self.role, name=self.name)),
            "今の名称の候補 / probably called now": str(self.likely or "不明 / unknown"),
        }  # fmt: skip
        rows = "".join(
            f'<tr class="{_HOW[mark][0]}"><td>{mark}</td><td>{escape(str(part))}</td><td>{_HOW[mark][1]}</td></tr>'
            for mark, part in self._lines()
        )
        shown = f'<img alt="" src="data:image/png;base64,{base64.b64encode(picture).decode()}">' if picture else ""
        listed = "".join(f"<dt>{escape(key)}</dt><dd>{escape(value)}</dd>" for key, value in facts.items())
        return (
            f'<!doctype html><html lang="ja"><meta charset="utf-8"><title>画面変更 {escape(self.screen)}</title>'
            f"<style>{_STYLE}</style><h1>画面が変わりました / A screen has changed</h1><dl>{listed}</dl>"
            f"<p>{escape(self._todo_ja)}<br>{escape(self._todo_en)}</p>"
            f"<h2>前回との違い / Then and now</h2><table>{rows}</table><h2>画面 / The screen</h2>{shown}</html>\n"
        )

    @property
    def _todo_ja(self) -> str:
        return (
            f"名称だけが変わったのであれば、{self.flow} の「{self.name}」を今の名称に直し、check で確かめてから resume --part console を実行してください。"
            "止められた案件は rerun --stuck で続けます。画面が元に戻ったのであれば、ボットが自分で確かめて再開します。それまで、この画面を使う処理は止まります。"
        )

    @property
    def _todo_en(self) -> str:
        return (
            f"If only the name has changed, put the new one in place of {self.name!r} in {self.flow}, try it with `check`, then `resume --part console`; "
            "`rerun --stuck` goes on with requests that were set aside. If the screen is as it was again, the bot finds out by itself. "
            "Until then whatever needs this screen stands still."
        )

    def _lines(self) -> Sequence[tuple[str, Part]]:
        return difference(self.then, self.now) if self.then else [(" ", part) for part in self.now]
