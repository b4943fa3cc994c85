"""HTML is read as a person sees it: what is struck out or unseen is no answer, and is never lost."""

from __future__ import annotations

from datetime import date

import pytest

from bot.intake.reader import Reader
from bot.markup import Hidden, HiddenWords, read_html
from bot.model import Message, ReadOutcome
from bot.settings.forms import FormsSettings
from tests.hostile_kit import html
from tests.house import FRIDAY, ZONE

_READER = Reader(FormsSettings(), zone=ZONE, own_address="telework-id@city.example.jp")


def seen(page: str) -> str:
    """Return what is seen of a page, without space."""
    return "".join(read_html(page).lines.split())


def hidden(page: str) -> list[tuple[Hidden, str]]:
    """Return what is not, and why."""
    return [(piece.why, piece.words) for piece in read_html(page).hidden]


@pytest.mark.parametrize(
    "begin",
    [
        "<s>", "<STRIKE>", "<del>", "<span style='text-decoration:line-through'>", "<p style='text-decoration: underline Line-Through red'>",
        "<b style=text-decoration-line:line-through>", "<span class='x gone'>", "<i id=old>", "<font class=gone>", "<s/>",
        "<span style='text-decoration&#58;line-through'>", "<td style='color:red;;text-decoration:none;text-decoration:line-through!important'>",
    ],
)  # fmt: skip
def test_struck_words_are_told_apart(begin: str) -> None:
    """However words are struck out, they are no part of the text, and are handed on as what somebody took back."""
    style = "<style>.gone, #old { text-decoration: line-through }</style>"
    end = f"</{begin.strip('<>/').split()[0]}>"
    page = f"{style}<div>a {begin}12/1{end} 12/3</div>"
    assert (seen(page), hidden(page)) == ("a12/3", [(Hidden.STRUCK, "12/1")])


@pytest.mark.parametrize(
    "style",
    [
        "display:none", "display : NONE !important", "visibility:hidden", "visibility:collapse", "font-size:0", "font-size:0pt", "font-size:1px",
        "font:0/0 a", "opacity:0", "opacity:.0", "mso-hide:all", "color:white", "color:#FFF", "color:#fffffe", "color:rgb(255, 255, 255)",
        "color:hsl(0, 0%, 100%)", "color:transparent", "color:rgba(0,0,0,0)", "color:#00000000", "color:navy;background:navy",
        "color:#f8f8f8;background-color:white", "position:absolute;left:-9999px", "text-indent:-9999px", "margin-left:-5000pt",
        "height:0;overflow:hidden", "max-height:0px;overflow:hidden", "clip:rect(0 0 0 0)", "clip-path:inset(100%)", "transform:scale(0)",
        "display/**/:none",
    ],
)  # fmt: skip
def test_unseen_words_are_told_apart(style: str) -> None:
    """However words are hidden from people, no answer is made of them, and they are handed on."""
    page = f"<p>12/1<span style='{style}'>、12/3</span></p>"
    assert (seen(page), hidden(page)) == ("12/1", [(Hidden.UNSEEN, "、12/3")])


@pytest.mark.parametrize(
    "page",
    [
        "<p>a<span hidden>b</span></p>", "<p>a<font color=white>b</font></p>", "<p>a<template>b</template></p>",
        "<table bgcolor='#ffffff'><tr><td>a<td style='color:#fff'>b</table>", "<p>a</p><p class=h>b</p><style>p.h{display:none}</style>",
        "<style>/* x */ @media screen { #m .n > b { visibility:hidden } }</style><div id=m><i class=n>a<b>b</b></i></div>",
        "<style><!-- .h {display:none} --></style>a<b class=H>b</b>", "<span style='display:none'><p></span>b</p></span>a",
        "<div style='opacity:0'><p style='opacity:1'>b</div>a", "<div style='visibility:hidden'>b<i style='visibility:visible'>a</i></div>",
    ],
)  # fmt: skip
def test_what_hides_may_stand_anywhere(page: str) -> None:
    """A style sheet anywhere in the page, an attribute, and what stands around an element hide its words too."""
    assert (seen(page), hidden(page)) == ("a", [(Hidden.UNSEEN, "b")])


@pytest.mark.parametrize(
    "page",
    [
        "<p style='color:#333;font-size:11px'>a</p>", "<table><tr bgcolor=navy><th style='color:white'>a</table>",
        "<th style='background:#369;color:#fff'>a</th>", "<td style='font-size:0'><div style='font-size:13px'>a</div></td>",
        "<style>th{background:url(x.png);color:#fff}</style><th>a</th>", "<style>@media (max-width:600px){p{display:none}}</style><p>a",
        "<style>@media (prefers-color-scheme:dark){p{color:#fff}}</style><p>a", "<style>a:hover{color:#fff}</style><a>a</a>",
        "<style>.k th{background:#036;color:#fff}</style><table class=k><th>a</table>", "<p style='color:unknown-to-us'>a</p>",
        "<style>p{display:none}.b{display:block}</style><p class=b>a", "<s style='text-decoration:none'>a</s>",
        "<s></s><span style='display:none'>&nbsp;&zwnj;&#847; </span>a", "<img style='display:none' src=x width=1>a",
        "<p style='display:none'><p>a", "<ul><li hidden></li><li>a</ul>", "<p class=MsoNormal>a<o:p></o:p>", "<s><p></s>a</p>",
        "<body style='background:#000;color:#fff'>a", "<div style='position:absolute;left:-3px'>a</div>",
    ],
)  # fmt: skip
def test_what_is_seen_is_read(page: str) -> None:
    """White words on a dark ground, styles for other screens, blank elements and what has ended hide nothing."""
    assert (seen(page), hidden(page)) == ("a", [])


def test_a_preview_that_repeats_the_text_tells_nothing() -> None:
    """Words that nobody sees and that stand in the text too are passed over; a single day among them is not."""
    preview = "<div style='display:none'>申請を受け付けました</div>"
    assert hidden(f"{preview}<p>申請を受け付けました。受付番号：412") == []
    assert hidden("<i style='display:none'>2/1</i>12/1") == [(Hidden.UNSEEN, "2/1")]
    assert hidden("<s>12/1</s> 12/1") == [(Hidden.STRUCK, "12/1")]


def test_the_columns_of_a_table_stay() -> None:
    """A struck cell leaves its place empty; one that is not displayed has none."""
    page = "<table><tr><td>a<td style='text-decoration:line-through'>b<td hidden>c<td>d</table>"
    assert read_html(page).lines.strip() == "a\t\td"
    assert [words.split() for _, words in hidden(page)] == [["b"], ["c"]]


def test_a_raised_number_and_a_field_of_a_form_are_read_as_seen() -> None:
    """A footnote's number is no part of a day; a ticked box and a filled field say what they say."""
    assert read_html("12/1<sup>1</sup>").lines.split() == ["12/1", "1"]
    assert (
        seen("<input type=radio checked>新規<input type=radio>取消<input value=0048213><input type=hidden value=x>")
        == "☑新規☐取消0048213"
    )


def test_many_pieces_are_none_lost() -> None:
    """Of more pieces than anybody writes, the rest is one piece."""
    found = read_html("".join(f"<s>{number}</s>x" for number in range(200))).hidden
    assert len(found) == 50
    assert found[-1] == HiddenWords(why=Hidden.STRUCK, words="".join(map(str, range(49, 200))))


@pytest.mark.parametrize("cell", ["<s>8/2</s> 8/4", "<i style='display:none'>8/2</i>8/4"])
def test_an_application_with_hidden_words_is_held(cell: str) -> None:
    """What is seen is read, and the rest is a doubt with its words."""
    rows = "".join(f"<tr><th>{label}<td>{value}" for label, value in (("職員番号", "0048213"), ("利用日", cell)))
    reading = _READER.read(
        Message(locator="a", name="a.eml", received_at=FRIDAY, content=html(f"<table>{rows}</table>"))
    )
    (application,) = reading.applications
    assert application.dates == (date(2021, 8, 4),)
    assert "HTML本文「8/2」" in [doubt.read for doubt in application.doubts]


def test_an_application_that_is_struck_out_whole_is_held() -> None:
    """It is on record with its doubt, also where a program sent it."""
    content = html("<s>職員番号：0048213<br>利用日：8/4</s>").replace(
        b"MIME", b"Auto-Submitted: auto-generated\r\nMIME", 1
    )
    reading = _READER.read(Message(locator="a", name="a.eml", received_at=FRIDAY, content=content))
    assert reading.outcome is ReadOutcome.APPLICATIONS
    assert any("取り消し線" in doubt.text for doubt in reading.applications[0].doubts)
