"""How conditions begin, last and end from pass to pass, and what of it is news. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta

from bot.ledger.conditions import Condition
from bot.operation.alerts.catalogue import Area, Kind, Level, Trouble
from bot.operation.alerts.findings import LONGEST_KEY, Finding
from bot.operation.alerts.kinds import KINDS
from bot.settings.alerts import QuietHours


def kind_of(condition: Condition) -> Kind:
    """Return what is known of a condition beforehand."""
    return KINDS[Trouble(condition.kind)]


def turned(
    kept: Collection[Condition],
    findings: Iterable[Finding],
    looked: Collection[Area],
    now: datetime,
    *,
    calm: timedelta,
) -> tuple[Condition, ...]:
    """Return the conditions after a pass that found ``findings``, and looked at ``looked`` without error.

    What was found begins or lasts; it lasts too when it had ended less than ``calm`` ago. What was not found is over when its
    area was looked at, and as it was before when it was not: nobody knows then. An end that nobody was told of yet is kept
    beside what begins anew.
    """
    found = _folded(findings)
    before = {condition.key: condition for condition in kept}
    ended = {key: one for key, one in before.items() if key in found and is_over(one, now, calm)}
    lasting = [_seen(None if key in ended else before.get(key), finding, now) for key, finding in found.items()]
    apart = (_apart(one) for one in ended.values() if kind_of(one).tells_end)
    return (*lasting, *apart, *(_unseen(one, looked, now) for key, one in before.items() if key not in found))


def is_over(condition: Condition, now: datetime, calm: timedelta) -> bool:
    """Tell whether a condition has ended for good: by a person's act, or it stayed away for ``calm``."""
    kind, over = kind_of(condition), condition.over_at
    return over is not None and (kind.by_people or not kind.tells_end or over + calm <= now)


def _apart(ended: Condition) -> Condition:
    """Return a condition under a key of its own."""
    mark = f"@{ended.first_seen:%Y%m%dT%H%M%S}"
    return replace(ended, key=f"{ended.key[: LONGEST_KEY - len(mark)]}{mark}")


def _folded(findings: Iterable[Finding]) -> Mapping[str, Finding]:
    """Return findings by key; several of one key are one, with the subjects of all."""
    folded: dict[str, Finding] = {}
    for finding in findings:
        first = folded.get(finding.key)
        folded[finding.key] = (
            replace(
                finding,
                detail=finding.detail or first.detail,
                subjects=tuple(dict.fromkeys([*first.subjects, *finding.subjects])),
                anew=first.anew or finding.anew,
            )
            if first
            else finding
        )
    return folded


def _seen(before: Condition | None, finding: Finding, now: datetime) -> Condition:
    told_before = () if before is None or finding.kind.lasts else before.subjects
    # What came back by itself was resumed by nobody, and is not told anew.
    anew = finding.anew and before is not None and before.over_at is None
    return Condition(
        key=finding.key, kind=finding.trouble.value, detail=finding.detail, evidence=finding.evidence,
        subjects=tuple(dict.fromkeys([*told_before, *finding.subjects])),
        first_seen=before.first_seen if before else now, last_seen=now,
        told_at=before.told_at if before and not anew else None, told_of=before.told_of if before else (),
    )  # fmt: skip


def _unseen(before: Condition, looked: Collection[Area], now: datetime) -> Condition:
    kind = kind_of(before)
    if before.over_at or not kind.lasts or kind.area not in looked:
        return before
    return replace(before, over_at=now)


@dataclass(frozen=True, kw_only=True)
class News:
    """What operators are told in one message."""

    begun: tuple[Condition, ...] = ()
    #: Told before, and still there.
    reminded: tuple[Condition, ...] = ()
    over: tuple[Condition, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.begun or self.reminded or self.over)

    @property
    def every(self) -> tuple[Condition, ...]:
        """All of it, the worst first within each."""
        return (*self.begun, *self.reminded, *self.over)

    @property
    def worst(self) -> Level:
        """The worst level in it."""
        return max((kind_of(one).level for one in self.every), key=lambda level: level.rank, default=Level.INFO)

    def only(self, wanted: Collection[str]) -> News:
        """Return what of it has a key in ``wanted``."""
        kept = ([one for one in group if one.key in wanted] for group in (self.begun, self.reminded, self.over))
        begun, reminded, over = map(tuple, kept)
        return News(begun=begun, reminded=reminded, over=over)


def news(
    conditions: Collection[Condition],
    now: datetime,
    *,
    remind: timedelta,
    calm: timedelta,
    quiet: QuietHours | None = None,
) -> News:
    """Return what is to be told at ``now``; in quiet hours only what is critical, and the rest afterwards."""
    hushed = quiet is not None and _within(quiet, now.time())
    worst_first = sorted(conditions, key=lambda one: (-kind_of(one).level.rank, one.first_seen))
    tellable = [one for one in worst_first if not hushed or kind_of(one).level is Level.CRITICAL]
    live = [one for one in tellable if one.over_at is None and not _seen_once(one)]
    return News(
        begun=tuple(one for one in live if one.told_at is None or fresh(one)),
        reminded=tuple(one for one in live if one.told_at and not fresh(one) and one.told_at + remind <= now),
        over=tuple(
            one for one in tellable if kind_of(one).tells_end and is_over(one, now, calm) and not _passed_by(one)
        ),
    )


def passed_by(conditions: Iterable[Condition], now: datetime, calm: timedelta) -> frozenset[str]:
    """Return the keys of what stayed away without ever having been told: nobody needs to know of its end."""
    return frozenset(one.key for one in conditions if is_over(one, now, calm) and _passed_by(one))


def _passed_by(condition: Condition) -> bool:
    return kind_of(condition).when_again and condition.told_at is None


def _seen_once(condition: Condition) -> bool:
    return kind_of(condition).when_again and condition.told_at is None and condition.first_seen == condition.last_seen


def fresh(condition: Condition) -> tuple[str, ...]:
    """Return the subjects that nobody was told of yet."""
    return tuple(name for name in condition.subjects if name not in condition.told_of)


def is_done(condition: Condition, told: Collection[str]) -> bool:
    """Tell whether nothing more is to be told of a condition, now that those with keys in ``told`` have been."""
    kind = kind_of(condition)
    if condition.over_at:
        return condition.key in told or not kind.tells_end
    return not kind.lasts and condition.key in told


def _within(quiet: QuietHours, at: time) -> bool:
    after, before = quiet.start <= at, at < quiet.end
    return after or before if quiet.start > quiet.end else after and before
