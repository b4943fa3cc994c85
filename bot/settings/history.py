"""What settings were called in earlier versions, so that an older config.yaml is explained rather than called wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, kw_only=True)
class Former:
    """A setting of an earlier version. Its value is never taken over in silence: what it means may have changed with its name."""

    #: The version from which on its old name is not known.
    since: str
    #: Its name today; empty where the setting is gone.
    now: str = ""
    #: What to do, where the new name does not say it all, or there is none.
    hint: str = ""

    def explained(self) -> str:
        """Return the sentence for whoever still has it in config.yaml; where it stood is said beside it."""
        what = f"was renamed to {self.now}" if self.now else "was removed"
        todo = self.hint or ("move its value there" if self.now else "take it out")
        return f"{what} in version {self.since}: {todo}"


#: By path in config.yaml, such as ``retention.log_days``; a whole section by its name.
FORMER: Mapping[str, Former] = MappingProxyType({
    "retention.log_days": Former(now="log.keep_days", since="0.1.0"),
    "forms.ignored_labels": Former(
        now="forms.harmless", since="0.1.0", hint="move the labels there, and those of free text to forms.free_text",
    ),
    "forms.fixed_phrases": Former(
        now="forms.sentences", since="0.1.0", hint="write each line whole there, {} standing for what changes",
    ),
})  # fmt: skip
