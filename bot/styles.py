"""What styles make of the words of a page: plain, struck out, or unseen (CSS 2.2, as mails and saved tables use it).

Only what tells whether a person sees words is looked at. A selector that depends on anything but names, classes and ids of an
element and those around it is taken for the element alone, one for a pointer or another screen for nothing.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

_PROPERTIES = frozenset({
    "display", "visibility", "opacity", "font-size", "color", "background-color", "text-decoration", "mso-hide", "position",
    "left", "top", "right", "bottom", "text-indent", "margin-left", "margin-top", "overflow", "height", "max-height", "width",
    "max-width", "clip", "clip-path", "transform", "content-visibility",
})  # fmt: skip
_ALIASES: Mapping[str, str] = MappingProxyType({
    "background": "background-color", "text-decoration-line": "text-decoration", "font": "font-size",
    "overflow-x": "overflow", "overflow-y": "overflow", "inset-inline-start": "left",
})  # fmt: skip
_COMMENT = re.compile(r"/\*(?s:.*?\*/|.*\Z)")
_BRACE = re.compile(r"[{}]")
_COMPOUND = re.compile(r"(?P<name>[^\s.#:\[\]*>+~]*+)\*?(?P<rest>(?:[.#][^\s.#:\[\]*>+~]++)*+)")
_PSEUDO = re.compile(r"::?([a-z-]+)(?:\([^()]*\))?")
#: What depends on what a reader does, or is no element: nothing that a mail shows by itself.
_PASSING = frozenset({
    "hover", "active", "focus", "focus-within", "focus-visible", "visited", "checked", "target", "before", "after",
    "first-letter", "first-line", "placeholder", "selection", "marker",
})  # fmt: skip
_NARROW = re.compile(r"max-(?:device-)?width|prefers-|orientation|-webkit-|\bprint\b|\bdark\b")
_LENGTH = re.compile(r"([+-]?(?:\d{1,9}(?:\.\d{0,9})?|\.\d{1,9}))(px|pt|em|rem|ex|ch|%|in|cm|mm|pc|vw|vh)?")
_PIXELS: Mapping[str, float] = MappingProxyType({
    "px": 1, "": 1, "pt": 4 / 3, "em": 16, "rem": 16, "ex": 8, "ch": 8, "in": 96, "cm": 38, "mm": 3.8, "pc": 16, "vw": 10, "vh": 8,
})  # fmt: skip
_RELATIVE = frozenset({"em", "%", "ex", "ch"})
_ZERO_CLIP = re.compile(
    r"rect\(\s*([01])(?:px)?[\s,]+\1(?:px)?[\s,]+\1(?:px)?[\s,]+\1(?:px)?\s*\)|inset\(\s*(?:50|100)%|circle\(\s*0"
)
_MOVED_AWAY = re.compile(r"scale[xy]?\(\s*0\s*[,)]|translate[xy3d]*\(\s*-\s*\d{3,}")
_HEX = re.compile(r"#([0-9a-f]{8}|[0-9a-f]{6}|[0-9a-f]{3,4})\b")
_RGB = re.compile(r"rgba?\(\s*([\d.]{1,9}%?)[\s,]+([\d.]{1,9}%?)[\s,]+([\d.]{1,9}%?)(?:[\s,/]+([\d.]{1,9}%?))?\s*\)")
_HSL = re.compile(r"hsla?\(\s*[^\s,()%]++[\s,]++[\d.]{1,9}%[\s,]++([\d.]{1,9})%(?:[\s,/]++([\d.]{1,9}%?))?\s*\)")
#: The names of CSS that are white or near it, and those that stand behind white words most often.
_COLORS: Mapping[str, int] = MappingProxyType({
    "white": 0xFFFFFF, "snow": 0xFFFAFA, "ivory": 0xFFFFF0, "azure": 0xF0FFFF, "mintcream": 0xF5FFFA, "ghostwhite": 0xF8F8FF,
    "whitesmoke": 0xF5F5F5, "floralwhite": 0xFFFAF0, "aliceblue": 0xF0F8FF, "honeydew": 0xF0FFF0, "seashell": 0xFFF5EE,
    "lavenderblush": 0xFFF0F5, "lightyellow": 0xFFFFE0, "lightcyan": 0xE0FFFF, "cornsilk": 0xFFF8DC, "oldlace": 0xFDF5E6,
    "linen": 0xFAF0E6, "beige": 0xF5F5DC, "lavender": 0xE6E6FA, "gainsboro": 0xDCDCDC, "lightgrey": 0xD3D3D3,
    "lightgray": 0xD3D3D3, "silver": 0xC0C0C0, "gray": 0x808080, "grey": 0x808080, "black": 0x000000, "red": 0xFF0000,
    "maroon": 0x800000, "yellow": 0xFFFF00, "olive": 0x808000, "lime": 0x00FF00, "green": 0x008000, "aqua": 0x00FFFF,
    "cyan": 0x00FFFF, "teal": 0x008080, "blue": 0x0000FF, "navy": 0x000080, "fuchsia": 0xFF00FF, "magenta": 0xFF00FF,
    "purple": 0x800080, "orange": 0xFFA500, "lightblue": 0xADD8E6, "pink": 0xFFC0CB, "darkblue": 0x00008B,
    "windowtext": 0x000000, "window": 0xFFFFFF, "canvas": 0xFFFFFF, "canvastext": 0x000000,
})  # fmt: skip
_WHITE, _BLACK = (255.0, 255.0, 255.0), (0.0, 0.0, 0.0)
#: Two colours with less contrast than this (WCAG 2, 1 to 21) can't be told apart.
_LEAST_CONTRAST = 1.3
_FAR_AWAY, _SMALLEST, _TINIEST_SHARE, _FAINTEST = -500, 2, 0.15, 0.1
#: Rules of several names are tried at each element: of more than anybody writes, the rest count for their last name alone.
_MOST_JOINT = 100

Color = tuple[float, float, float]
#: Importance, specificity, and the place in the sheet: the greatest wins.
Rank = tuple[bool, tuple[int, int, int], int]
Ranked = dict[str, tuple[Rank, str]]

_INLINE = (9, 0, 0)


@dataclass(frozen=True, kw_only=True)
class Look:
    """How the words directly within an element look."""

    #: Neither seen nor leaving a gap, with all that is within.
    absent: bool = False
    #: There, and seen by nobody, with all that is within.
    veiled: bool = False
    struck: bool = False
    #: These pass on to what is within, until it says otherwise; a colour is ``None`` where it can't be known.
    invisible: bool = False
    tiny: bool = False
    color: Color | None = _BLACK
    background: Color | None = _WHITE
    clear: bool = False

    @property
    def unseen(self) -> bool:
        """Whether nobody sees words in this look, whatever stands around."""
        same = self.color is not None and self.background is not None
        return self.invisible or self.tiny or self.clear or (same and self._contrast() < _LEAST_CONTRAST)

    def _contrast(self) -> float:
        light, dark = sorted((_luminance(self.color), _luminance(self.background)), reverse=True)
        return (light + 0.05) / (dark + 0.05)


PLAIN = Look()


@dataclass(frozen=True, kw_only=True)
class _Joint:
    """A rule of several names: those of the element beside the one it is kept by, and those around it."""

    own: frozenset[str]
    around: frozenset[str]
    ranked: Ranked


@dataclass(kw_only=True)
class StyleSheet:
    """All rules of a page, by the name, class or id that an element must have."""

    _plain: dict[str, Ranked] = field(default_factory=dict)
    _joint: dict[str, list[_Joint]] = field(default_factory=dict)
    _joints: int = 0
    _rules: int = 0

    def add(self, text: str) -> None:
        """Take the rules of a style sheet."""
        text = _COMMENT.sub(" ", text.replace("<!--", " ").replace("-->", " ")).lower()
        begun, skipped = 0, 0
        opened: list[tuple[str, bool]] = []
        for brace in _BRACE.finditer(text):
            chunk, begun = text[begun : brace.start()], brace.end()
            if brace.group() == "{":
                selector = chunk.rpartition(";")[2].strip()
                passed = selector.startswith("@") and not _applies(selector)
                opened.append((selector, passed))
                skipped += passed
            elif opened:
                selector, passed = opened.pop()
                skipped -= passed
                if not skipped and not selector.startswith("@"):
                    self._take(selector, chunk)

    def of(self, tokens: Sequence[str], around: Counter[str], inline: str) -> Mapping[str, str]:
        """Return what holds for an element: ``tokens`` are its name, ``.classes`` and ``#id``, ``around`` those of its parents."""
        found: Ranked = {}
        own = frozenset(tokens)
        for token in own:
            _keep_greatest(found, self._plain.get(token, {}))
            for joint in self._joint.get(token, ()):
                if joint.own <= own and all(around[name] for name in joint.around):
                    _keep_greatest(found, joint.ranked)
        if inline:
            _keep_greatest(found, _ranked(inline.lower(), _INLINE, self._rules))
        return {name: value for name, (_, value) in found.items()}

    def _take(self, selectors: str, declared: str) -> None:
        self._rules += 1
        for selector in selectors.split(","):
            parts = [_tokens(part) for part in re.split(r"[\s>]+", selector.strip())]
            if any(part is None for part in parts):
                continue
            *outer, last = [part or ("*",) for part in parts]
            names = [name for part in (*outer, last) for name in part]
            weight = (sum(n[0] == "#" for n in names), sum(n[0] == "." for n in names), len(names))
            ranked = _ranked(declared, weight, self._rules)
            if not ranked:
                continue
            around = frozenset(name for part in outer for name in part if name != "*")
            key, own = last[-1], frozenset(last[:-1]) - {"*"}
            if (own or around) and self._joints < _MOST_JOINT:
                self._joints += 1
                self._joint.setdefault(key, []).append(_Joint(own=own, around=around, ranked=ranked))
            else:
                _keep_greatest(self._plain.setdefault(key, {}), ranked)


def look_of(declared: Mapping[str, str], within: Look) -> Look:
    """Return how words look in an element with these declarations, directly within another of the look ``within``."""
    color, clear = _color(declared.get("color", ""), within.color, within.clear)
    return Look(
        absent=declared.get("display", "").startswith("none") or declared.get("mso-hide", "") == "all",
        veiled=_is_veiled(declared),
        struck="line-through" in declared.get("text-decoration", ""),
        invisible=_inherited(declared.get("visibility", ""), ("hidden", "collapse"), within=within.invisible),
        tiny=_is_tiny(declared.get("font-size", ""), within=within.tiny),
        color=color,
        clear=clear,
        background=_background(declared.get("background-color", ""), within.background),
    )


def _applies(at_rule: str) -> bool:
    """Tell whether the rules within an at-rule hold for a mail on a desk."""
    if at_rule.startswith(("@supports", "@layer")):
        return True
    return at_rule.startswith("@media") and not _NARROW.search(at_rule)


def _tokens(compound: str) -> tuple[str, ...] | None:
    """Return the name, classes and id of a part of a selector; ``None`` for one that says nothing of a mail as it is shown."""
    if any(name in _PASSING for name in _PSEUDO.findall(compound)):
        return None
    found = _COMPOUND.fullmatch(_PSEUDO.sub("", compound))
    if found is None:
        return None
    name = found["name"] or ("html" if ":root" in compound else "")
    return tuple(filter(None, (name, *re.findall(r"[.#][^.#]+", found["rest"])))) or ("*",)


def _ranked(text: str, weight: tuple[int, int, int], order: int) -> Ranked:
    found: Ranked = {}
    for name, value, important in _declarations(text):
        rank = (important, weight, order)
        if name not in found or found[name][0] <= rank:
            found[name] = (rank, value)
    return found


def _declarations(text: str) -> Iterator[tuple[str, str, bool]]:
    for declared in _COMMENT.sub(" ", text).split(";"):
        name, colon, value = declared.partition(":")
        name = name.strip()
        known = _ALIASES.get(name, name)
        if not colon or known not in _PROPERTIES:
            continue
        value, bang, _ = value.partition("!important")
        value = value.strip()
        if name == "font":
            value = next((piece.partition("/")[0] for piece in value.split() if piece[0].isdigit()), "inherit")
        yield known, value, bool(bang)


def _keep_greatest(found: Ranked, others: Ranked) -> None:
    for name, ranked in others.items():
        if name not in found or found[name][0] <= ranked[0]:
            found[name] = ranked


def _inherited(value: str, yes: tuple[str, ...], *, within: bool) -> bool:
    return within if value in {"", "inherit", "unset"} else value in yes


def _is_tiny(size: str, *, within: bool) -> bool:
    length = _LENGTH.fullmatch(size)
    if length is None:
        return within if size in {"", "inherit", "unset", "smaller", "larger"} else False
    number, unit = float(length[1]), length[2] or ""
    if unit in _RELATIVE:
        return within or number <= (100 * _TINIEST_SHARE if unit == "%" else _TINIEST_SHARE)
    return number * _PIXELS[unit] <= _SMALLEST


def _is_veiled(declared: Mapping[str, str]) -> bool:
    """Tell whether an element is there and shows nothing of what is within: see-through, moved away, or cut to nothing."""
    get = declared.get
    opacity = _LENGTH.match(get("opacity", ""))
    if opacity and float(opacity[1]) <= (_FAINTEST * 100 if opacity[2] == "%" else _FAINTEST):
        return True
    sides = ("left", "top", "right", "bottom") if get("position", "") in {"absolute", "fixed", "relative"} else ()
    if any(_pixels(get(name, "")) <= _FAR_AWAY for name in (*sides, "text-indent", "margin-left", "margin-top")):
        return True
    cut = get("overflow", "") in {"hidden", "clip"}
    if cut and any(0 <= _pixels(get(name, "")) <= 1 for name in ("height", "max-height", "width", "max-width")):
        return True
    clipped = _ZERO_CLIP.search(get("clip", "") + get("clip-path", "")) or _MOVED_AWAY.search(get("transform", ""))
    return clipped is not None or get("content-visibility", "") == "hidden"


def _pixels(text: str) -> float:
    """Return a length in pixels; one that is none, or a share of what can't be known, is infinite."""
    length = _LENGTH.fullmatch(text)
    return float(length[1]) * _PIXELS[length[2] or ""] if length and length[2] != "%" else float("inf")


def _background(text: str, within: Color | None) -> Color | None:
    if text in {"", "inherit", "unset", "initial", "none", "transparent"}:
        return within
    if "url(" in text or "gradient" in text or "var(" in text:
        return None
    color, clear = _color(text, None, was_clear=False)
    return within if clear else color


def _color(text: str, within: Color | None, was_clear: bool) -> tuple[Color | None, bool]:  # noqa: FBT001 - of one value
    """Return the first colour in a value, and whether it is see-through; what stands around where the value names none."""
    if text in {"", "inherit", "unset", "currentcolor"}:
        return within, was_clear
    if "transparent" in text.split():
        return None, True
    known = _number_color(text)
    if known is not None:
        return known
    code = next((_COLORS[word] for word in text.split() if word in _COLORS), None)
    return (None, False) if code is None else ((float(code >> 16), float(code >> 8 & 255), float(code & 255)), False)


def _number_color(text: str) -> tuple[Color | None, bool] | None:
    """Return a colour that stands in numbers, and whether it is see-through."""
    if code := _HEX.search(text):
        digits = code[1] if len(code[1]) > 4 else "".join(digit * 2 for digit in code[1])
        red, green, blue, *alpha = (float(int(digits[at : at + 2], 16)) for at in range(0, len(digits), 2))
        return (red, green, blue), bool(alpha) and alpha[0] <= _FAINTEST * 255
    if rgb := _RGB.search(text):
        red, green, blue = (_share(part, 255) for part in rgb.groups()[:3])
        return (red, green, blue), bool(rgb[4]) and _share(rgb[4], 1) <= _FAINTEST
    if hsl := _HSL.search(text):
        light = _share(f"{hsl[1]}%", 255)
        certain = light > 0.95 * 255 or light == 0
        return ((light, light, light) if certain else None), bool(hsl[2]) and _share(hsl[2], 1) <= _FAINTEST
    return None


def _share(text: str, whole: float) -> float:
    try:
        return float(text[:-1]) * whole / 100 if text.endswith("%") else float(text)
    except ValueError:
        return whole


def _luminance(color: Color | None) -> float:
    """Return the relative luminance of a colour (WCAG 2)."""
    red, green, blue = (
        part / 255 / 12.92 if part / 255 <= 0.04045 else ((min(part, 255) / 255 + 0.055) / 1.055) ** 2.4
        for part in color or _BLACK
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
