"""Everything in a message is accounted for: each piece of it is explained, or it holds the application.

What is no answer is explained by the form's profile or by what holds in every form: a label that is harmless, a state with which
an application stands, a whole sentence, an older mail, a signature. No list of bad words decides what passes: what is not known to
be harmless is unexplained. Only where applicants write what they like (理由, 業務内容) are words looked for that change what is asked
for; a day that was not asked for and another person's number hold it there too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from bot.intake.agreement import day_count
from bot.intake.choices import ticked
from bot.intake.dates import RELATIVE, digits
from bot.intake.fields import REMARKS, Answer, Shape
from bot.intake.sentences import Sentences
from bot.intake.vocabulary import Vocabulary, Words
from bot.intake.whole_answers import is_whole
from bot.model import Application, Doubt, Explained, Kind, Passage
from bot.settings.forms import FormProfile, FormsSettings
from bot.text import fold, normalise

_LONGEST = 200
_KEPT = 8_192
_MOST_LINES = 3
#: In a signature: shorter is an extension, longer a telephone number.
_LONG_NUMBER = re.compile(r"(?<![\d-])\d{6,8}(?![\d-])")
_LONGEST_COUNT = 3
_DAY = re.compile(
    r"(?<![\d/.])(?:\d{2,4}\s*[年/.-]\s*)?(\d{1,2})\s*[月/]\s*(\d{1,2})(?![\d/])|(?<![\d/月])(\d{1,2})\s*日(?!間)"
)
#: A number that is no part of a longer one, of a telephone number, an address or a date.
_ALONE = re.compile(r"(?<![\dA-Za-z.@/-])(?<!内線)(?<!内線[ :])[A-Za-z]?\d{4,10}(?![\dA-Za-z.@/:-])")
#: In a topic: how many, and the days asked for.
_COUNTED = (
    r"(?:令和|r)?\d{1,4}年度?|第?\d{1,3}(?:回|次|期|四半期|章|号|件|課|階)|\d{1,2}月(?=議会|定例会|補正|分|期|号)|\d{1,2}[月/]\d{1,2}日?(?:\([月火水木金土日]\))?|"
    r"\d{1,2}日|[a-z]?\d{4,}|=[\d+*/-]{1,20}"
)
_OPTIONS = re.compile(r"[・／/、,]+|申請|届")
_TELEPHONE = re.compile("(?:連絡先)?(?:の)?(?:電話番号|電話|内線番号|内線|連絡先|携帯電話|携帯電話番号|tel)")
_TELEPHONE_NUMBER = re.compile(
    r"(?:0\d{1,4}[-(]\d{1,4}[-)]\d{3,4}|0\d{9,10})(?:\s*\(?内線\s*:?\d{3,5}\)?)?|(?:内線|直通)?\s*:?\d{3,5}"
)
_WEEKDAYS = re.compile(r"(?:[月火水木金土日](?:曜日?)?[、,・/\s]*)+")
_COUNT_LABELS = frozenset({"日数", "利用日数", "実施日数", "テレワーク日数", "申請日数", "合計日数"})
_EMPTY = frozenset({"", "-", "―", "ー", "--", "---", "...", "…"})
#: Answers by which a field is left open.
_NONE = _EMPTY | {"なし", "無し", "無", "該当なし"}
#: Under a label that the settings name.
_OF_FORM = frozenset({Shape.LABELLED, Shape.CELL})
#: Answers to a free question that say that there is none: they approve and refuse nothing, whatever the label.
_NOTHING_MORE = frozenset(map(fold, ("特になし", "特に無し", "特にありません", "特にございません")))
#: A value of a form's profile in braces stands for all of its shape.
_SHAPES = {
    "{number}": re.compile(r"#?\d{1,12}"),
    "{time}": re.compile(r"\d{1,2}(?::\d{2}){1,2}|\d{1,2}時(?:\d{1,2}分)?"),
    "{moment}": re.compile(
        r"20\d\d[-/.年]\d{1,2}[-/.月]\d{1,2}日?(?:\s*(?:\(.\))?\s*t?\d{1,2}(?::\d{2}){1,2}(?:\.\d+)?(?:z|\+09:?00)?|\s*\d{1,2}時\d{1,2}分(?:\d{1,2}秒)?)?"
    ),
    "{phone}": re.compile(
        r"(?:内線|tel|代表|直通)?[\s:.(]*(?:\d{2,5}|\+?\d[\d ()]{1,7}-[\d ()-]{4,14}|0\d{9,10})\)?(?:\s*\(?内線\s*\d{2,5}\)?)?"
    ),
    "{latin}": re.compile(r"(?!.*\d{4})[a-z0-9 ./_();:,+-]{1,200}"),
    "{office}": re.compile(r"(?:[^\s。、はをがもでにへとしな取消止変]{0,20}(?:市|部|局|課|室|係|担当|センター)){1,4}"),
    "{url}": re.compile(r"https?://[\w./?=&%#~+:-]{1,300}"),
    "{address}": re.compile(r"[\w.+-]{1,64}@[\w.-]{1,100}|\d{1,3}(?:\.\d{1,3}){3}|[\w-]{1,40}(?:\.[\w-]{1,40}){1,6}"),
}
_ORNAMENTS = "※|｜ \t\u3000■□●○◆◇▼▽★☆・*＊-－―=＝─━~〜<>＜＞【】[]《》"
_SENTENCE_END = re.compile(r"(?<=[。．！!])\s*")
#: How a clause ends that asks or tells something; 「資料作成のため」 names a topic alone.
_PREDICATE = re.compile(
    r"(?:ます|です|ました|でした|ません|ませんか|ください|下さい|お願い|願います|たい|ない|なし|だ|った|んだ|いる|する|なる|れる|ある|した|希望|依頼|予定|可|否|完了|NG|[×✕]"
    r"|(?<!承認)(?<!決裁)(?<!了承)(?<!許可)(?<!確認)(?<!調整)(?<!相談)済み?)"
    r"\s*(?:[。、,.!?\n)）]|$)",
    re.MULTILINE,
)
#: What a signature consists of: telephone and postal numbers, addresses of mail and web, rules.
_CONTACT = re.compile(
    r"(?:(?:tel|fax|電話|内線|直通|代表|ダイヤルイン|e?-?mail|メール|url|〒)[\s:：/.]*)*"
    r"(?:\(?\+?\d[\d()\s‐－ー-]{2,20}|[\w.+-]{1,64}@[\w.-]{1,100}|https?://[\w./?=&%#~+:-]{1,200}|内線[\s:：]*\d{2,6})"
    r"(?:\s*[(（]?(?:内線|代表|直通)[\s:：]*\d{0,6}[)）]?)?\s*",
    re.IGNORECASE,
)
#: No particle stands in the name of one: 全部 and 申請は市民課 are none.
_UNIT = re.compile(
    r"[^\s。、はをがもでにへとしな]{0,20}(?:市|市役所|町役場|(?<![全一])部|局|課|室|係|担当|グループ|チーム|センター|支所|出張所)"
)


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What is asked for, as far as it was read: what a remark may name without changing it."""

    days: frozenset[date]
    #: The employee's, and those of the applications.
    numbers: tuple[str, ...]
    #: Of people and departments, folded.
    names: frozenset[str]
    #: Whether all of them are for a new login.
    new: bool = True
    #: Whether all of them are for the same days.
    same_days: bool = True

    @classmethod
    def of(cls, applications: Iterable[Application]) -> Facts:
        """Return the facts of all applications that a remark may be about: only the days that all of them ask for."""
        known = list(applications)
        days = [frozenset(application.dates) for application in known]
        numbers = (
            number for one in known for number in (one.employee_no, one.receipt_no, one.refers_to) if number
        )  # fmt: skip
        names = (fold(name) for one in known for name in (one.name, one.kana, one.department) if name)
        return cls(
            days=frozenset.intersection(*days) if days else frozenset(),
            numbers=tuple(numbers),
            names=frozenset(names),
            new=all(application.kind is Kind.ISSUE for application in known),
            same_days=len(set(days)) == 1,
        )


@dataclass(frozen=True, kw_only=True)
class _Mentions:
    """What words name that may change what is asked for, whatever that is."""

    #: Month and day of each day, and the days without their month.
    days: frozenset[tuple[int, int]]
    alone: frozenset[int]
    numbers: tuple[str, ...]
    #: A word is among them that may change it.
    telling: bool

    def only(self, asked: frozenset[date]) -> bool:
        """Tell whether they name no day, or every day that was asked for and no other."""
        if not self.days and not self.alone:
            return True
        known = {(day.month, day.day) for day in asked}
        others = self.days - known or self.alone - {number for _, number in known}
        return not others and all(day in self.days or day[1] in self.alone for day in known)


class Accounting:
    """Explains what a message says, by the profile of its form and by what holds in every form."""

    def __init__(self, settings: FormsSettings, profile: FormProfile | None = None) -> None:
        own = profile or FormProfile(name="other")
        self._harmless = _folded((*settings.harmless, *own.harmless))
        self._free = _folded((*settings.free_text, *own.free_text)) - _folded(own.harmless)
        self._values = _values(settings.values) | _values(own.values)
        self._labels = self._harmless | self._free
        self._sentences = Sentences((*own.sentences, *settings.sentences))
        self._words = Words(settings.telling_words)
        # A form's own lines, and most answers, come back from mail to mail.
        self._kept_mentions = lru_cache(maxsize=_KEPT)(self._mentions)
        self._kept_sentence = lru_cache(maxsize=_KEPT)(self._found)
        self._topics = Vocabulary((*settings.topic_words, *settings.urgent_words), patterns=_COUNTED)
        self._own = _folded(own.harmless)
        self._new = _folded(settings.kinds.get(Kind.ISSUE.value, ()))
        self._other_kinds = Words(
            word for kind, words in settings.kinds.items() if kind != Kind.ISSUE.value for word in words
        )

    def explain(self, answers: Sequence[Answer], facts: Facts, *, part: str) -> list[Passage]:
        """Return every answer and remark as a passage of ``part``, in their order."""
        oldest = max(
            (answer.depth for answer in answers if answer.field != REMARKS and answer.value.strip()), default=0
        )
        known = self._joined(answers)
        signed = self._signed(answers, facts)
        return [
            _passage(answer, part, *self._explained(answer, facts, oldest, whole=number in known))
            if number not in signed
            else _passage(answer, part, Explained.SIGNATURE, "末尾の連絡先")
            for number, answer in enumerate(answers)
            if answer.value.strip() or answer.label
        ]

    def _explained(self, answer: Answer, facts: Facts, oldest: int, *, whole: bool) -> tuple[Explained, str]:
        if answer.field != REMARKS:
            why = self._beyond(answer, facts)
            return (Explained.UNEXPLAINED, why) if why else (Explained.ANSWER, answer.field)
        if answer.shape is Shape.OLDER or answer.depth > oldest:
            return Explained.OLDER, answer.shape.value
        if whole:
            return Explained.FORM, "様式の文"
        if answer.label:
            return self._labelled(answer, facts)
        return self._unlabelled(answer, facts)

    def _unlabelled(self, answer: Answer, facts: Facts) -> tuple[Explained, str]:
        """Explain a line without a label: a signature, a known label that nothing stands under, or a sentence."""
        suspicious = self._suspicion(answer.value, facts)
        if answer.shape is Shape.SIGNATURE and not suspicious and _is_signature(answer.value, facts):
            return Explained.SIGNATURE, answer.shape.value
        if _names_field(answer.value) in self._labels and not suspicious:
            return Explained.FORM, "記入のない項目"
        return self._sentence(answer.value, facts)

    def _beyond(self, answer: Answer, facts: Facts) -> str:
        """Return why an answer says more than its field asks for, or ``""``."""
        of_another = facts.new and (answer.field == "refers_to" or self._names_another_kind(answer.label))
        if of_another and answer.field != "kind" and fold(answer.value) not in _NONE:
            return "新規の申請では答えない項目です"
        if not is_whole(answer.field, answer.label, answer.value):
            return "項目が尋ねるもののほかにも書かれています"
        if answer.field == "urgent_reason" and not self._topics.covers(answer.value, facts.names):
            return "理由に知らない言葉があります"
        if answer.field in _NAMING and self._words.find(fold(answer.value)):
            return "申請の内容を変えるかもしれない言葉があります"
        if answer.lines > 1 and answer.field in _UNCHECKED | {"place"} and ticked(answer.value) == answer.value:
            return "1行で答える項目に複数の行があります"
        return self._suspicion(answer.value, facts) if answer.field in _UNCHECKED else ""

    def _names_another_kind(self, words: str) -> bool:
        return bool(self._other_kinds.find(fold(words)))

    def _labelled(self, answer: Answer, facts: Facts) -> tuple[Explained, str]:
        """Explain what stands under a label that stands for no field."""
        label, value = fold(answer.label), fold(answer.value)
        if checked := self._checked(label, answer.value, facts):
            return checked
        if label in self._harmless and not _stands_below(answer):
            return Explained.FORM, "内容を問わない項目"
        if value.rstrip("。") in _NOTHING_MORE or (
            value in _EMPTY and (answer.shape in _OF_FORM or label in self._free)
        ):
            return Explained.FORM, "記入なし"
        if label in self._values:
            known, chosen = self._values[label], fold(ticked(answer.value))
            plain = normalise(answer.value).strip().casefold()
            stands = chosen in known or any(
                shape.fullmatch(plain) for name, shape in _SHAPES.items() if fold(name) in known
            )
            return (Explained.FORM, "状態") if stands else (Explained.UNEXPLAINED, "知らない状態です")
        if label in self._free or label in self._harmless:
            return self._free_text(answer, facts)
        whole = answer.value if answer.shape in _OF_FORM else f"{answer.label}：{answer.value}".rstrip("：")
        explained, why = self._sentence(whole, facts)
        return (explained, why) if explained is Explained.FORM else (explained, "内容を確かめる項目です")

    def _checked(self, label: str, value: str, facts: Facts) -> tuple[Explained, str] | None:
        """Explain what stands under a label by the application itself; ``None`` where that tells nothing of it."""
        own = label in self._own or fold(value) in _NONE
        if facts.new and not own and self._tells_of_another_kind(label, value):
            return Explained.UNEXPLAINED, "新規でない申請の記載です"
        if (agrees := _agrees(label, value, facts)) is not None:
            return (Explained.FORM, "利用日と合う") if agrees else (Explained.UNEXPLAINED, "利用日と合いません")
        if _TELEPHONE.fullmatch(label) and _TELEPHONE_NUMBER.fullmatch(normalise(value).strip()):
            return Explained.SIGNATURE, "電話番号"
        return None

    def _tells_of_another_kind(self, label: str, value: str) -> bool:
        """Tell whether a label belongs to another kind of application, or the title under it does."""
        if self._names_another_kind(label):
            return True
        options = {fold(option) for option in _OPTIONS.split(value)}
        lists_all = len(options) > 2 and bool(options & self._new)
        return (
            label in self._harmless
            and not lists_all
            and bool(self._other_kinds.find(fold(value)) or self._words.find(fold(value)))
        )

    def _free_text(self, answer: Answer, facts: Facts) -> tuple[Explained, str]:
        """Explain what an applicant wrote freely: known sentences, and beside them a topic, but nothing that is asked or told."""
        pieces = [piece for piece in _SENTENCE_END.split(answer.value) if piece.strip() and self._known(piece) != ()]
        if answer.lines > 1 or len(pieces) > 1:
            return Explained.UNEXPLAINED, "自由記入の欄に複数の文が書かれています"
        why = next((why for piece in pieces if (why := self._suspicion(piece, facts))), "")
        if not why and any(_PREDICATE.search(normalise(piece)) for piece in pieces):
            why = "理由や件名ではなく、文が書かれています"
        if not why and not all(self._topics.covers(_CONTACT.sub(" ", piece), facts.names) for piece in pieces):
            why = "自由記入の欄に知らない言葉があります"
        return (Explained.UNEXPLAINED, why) if why else (Explained.ANSWER, "自由記入")

    def _sentence(self, value: str, facts: Facts) -> tuple[Explained, str]:
        """Explain words by whole sentences; what stands in a hole of one is looked at as free text is."""
        whole = self._known(value)
        pieces = [piece for piece in _SENTENCE_END.split(value) if piece.strip()]
        found = [whole] if whole is not None else [self._known(piece) for piece in pieces]
        holes = [hole for known in found if known for hole in known]
        if not found or any(known is None for known in found):
            return Explained.UNEXPLAINED, "様式にない記載です"
        why = next(filter(None, (self._suspicion(hole, facts) for hole in holes)), "")
        return (Explained.UNEXPLAINED, why) if why else (Explained.FORM, "様式の文")

    def _known(self, text: str) -> tuple[str, ...] | None:
        """Return what stands in the holes of the sentence that a text is, with or without its full stop."""
        return self._kept_sentence(text) if len(text) <= _LONGEST else self._found(text)

    def _found(self, text: str) -> tuple[str, ...] | None:
        bare = text.strip(_ORNAMENTS).rstrip("。．.！!")
        found = self._sentences.find(bare) or self._sentences.find(f"{bare}。")
        return found[1] if found else None

    def _joined(self, answers: Sequence[Answer]) -> set[int]:
        """Return the numbers of remarks that are known sentences without holes, broken into lines within one."""
        found: set[int] = set()
        lines = [answer.field == REMARKS and not answer.label and answer.shape is Shape.SENTENCE for answer in answers]
        for first in range(len(answers)):
            for last in range(first + 1, min(first + _MOST_LINES, len(answers))):
                if not all(lines[first : last + 1]):
                    break
                joined = "".join(answer.value for answer in answers[first : last + 1])
                if all(self._known(piece) == () for piece in _SENTENCE_END.split(joined) if piece.strip()):
                    found.update(range(first, last + 1))
        return found

    def _signed(self, answers: Sequence[Answer], facts: Facts) -> set[int]:
        """Return the numbers of lines at the end that name an office or a contact and nothing else."""
        found: set[int] = set()
        for number in range(len(answers) - 1, -1, -1):
            answer = answers[number]
            if answer.field != REMARKS:
                break
            if answer.label:
                continue
            if (
                answer.shape is not Shape.SENTENCE
                or self._suspicion(answer.value, facts)
                or not _is_signature(answer.value, facts)
            ):
                break
            found.add(number)
        return found

    def _suspicion(self, text: str, facts: Facts) -> str:
        """Return why words that may be about anything change what is asked for, or ``""``."""
        found = self._kept_mentions(text) if len(text) <= _LONGEST else self._mentions(text)
        if not found.only(facts.days):
            return "利用日と異なる日、または利用日の一部が書かれています"
        if any(_is_another(number, facts) for number in found.numbers):
            return "別の番号が書かれています"
        return "申請の内容を変えるかもしれない言葉があります" if found.telling else ""

    def _mentions(self, text: str) -> _Mentions:
        plain = normalise(text)
        days = _DAY.findall(digits(plain))
        return _Mentions(
            days=frozenset((int(month), int(day)) for month, day, alone in days if not alone),
            alone=frozenset(int(day) for *_, day in days if day),
            numbers=tuple(_ALONE.findall(plain)),
            telling=bool(self._words.find(fold(text)) or RELATIVE.search(plain)),
        )


#: Fields whose answers may hold any letters, but no word that tells something.
_NAMING = frozenset({"receipt_no", "refers_to"})
#: Fields whose answers no grammar and no rule checks to the last word.
_UNCHECKED = frozenset({"kana", "terminal", "approval", "urgent_reason", "hours", "declaration"})


def doubts(passages: Iterable[Passage]) -> Iterator[Doubt]:
    """Yield a doubt for each passage that nothing explains: the same words once, with the first place they stand at."""
    seen: set[str] = set()
    for passage in passages:
        words = fold(passage.text)
        if passage.explained is Explained.UNEXPLAINED and words not in seen:
            seen.add(words)
            where = f"{passage.part} {passage.at}".strip()
            yield Doubt(
                field="body", read=f"{where}「{passage.text}」", text=passage.why,
                text_en="nothing in the form explains it",
            )  # fmt: skip


def _folded(labels: Iterable[str]) -> frozenset[str]:
    return frozenset(map(fold, labels))


def _names_field(line: str) -> str:
    """Return a line as labels are compared; 「No」 alone is an answer."""
    folded = fold(line).rstrip(":")
    return "" if folded.rstrip(".") == "no" else folded


def _stands_below(answer: Answer) -> bool:
    """Tell whether an answer is not on the line of its label: then it may be no answer to it."""
    return answer.at.endswith("行目") and answer.value not in answer.source


def _values(values: Mapping[str, Sequence[str]]) -> dict[str, frozenset[str]]:
    return {fold(label): _folded(known) for label, known in values.items()}


def _passage(answer: Answer, part: str, explained: Explained, why: str) -> Passage:
    text = f"{answer.label}：{answer.value}" if answer.label else answer.value
    short = " ".join(text.split("\n"))
    return Passage(
        part=part, at=answer.at, text=short[:_LONGEST], label=answer.label[:_LONGEST], explained=explained, why=why
    )


def _agrees(label: str, value: str, facts: Facts) -> bool | None:
    """Tell whether a number of days, or weekdays, are those of the days asked for; ``None`` under any other label."""
    plain = normalise(value).strip()
    if label in _COUNT_LABELS:
        count = int(plain) if plain.isdecimal() and len(plain) <= _LONGEST_COUNT else day_count(plain)
        return facts.same_days and count == len(facts.days)
    if label == "曜日" and facts.same_days:
        stated = set(re.sub("曜日?", "", plain)) & set("月火水木金土日")
        return _WEEKDAYS.fullmatch(plain) is not None and stated == {
            "月火水木金土日"[day.weekday()] for day in facts.days
        }
    return None


def _is_another(number: str, facts: Facts) -> bool:
    """Tell whether a number may be somebody else's: it is none of the application's, and no longer than those."""
    longest = max(map(len, facts.numbers), default=len(number))
    return len(number) <= longest and all(number.lstrip("0") != own.lstrip("0") for own in facts.numbers)


def _is_signature(line: str, facts: Facts) -> bool:
    """Tell whether each piece of a line is a contact, a unit of the city, or who applies."""
    plain = normalise(line)
    if any(_is_another(number, facts) for number in _LONG_NUMBER.findall(plain)):
        return False
    rest = _CONTACT.sub(" ", plain)
    return all(_UNIT.fullmatch(piece) or _names(piece, facts) for piece in rest.split())


def _names(piece: str, facts: Facts) -> bool:
    folded = fold(piece)
    return len(folded) > 1 and any(folded in name for name in facts.names)
