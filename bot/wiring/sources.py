"""What decisions are made from: the reader, the rules, the calendar, the staff directory, the register of own PCs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from bot.clock import Clock
from bot.config import Config
from bot.errors import ConfigInvalid, Problem
from bot.form_profiles import load_profiles, profile_files
from bot.operation.judge import Judge
from bot.reading.isolated import IsolatedReader, Readers
from bot.reading.protocol import Setup
from bot.rules.calendar import Calendar
from bot.rules.calendar_files import load_holidays, load_overrides
from bot.rules.directory import Directory, load_directory
from bot.rules.register import OwnPcs, load_own_pcs
from bot.rules.rulebook import Rulebook
from bot.rules.sql_source import query_directory, query_own_pcs
from bot.secret import Redactor, Secret
from bot.settings.forms import FormsSettings
from bot.wiring.kept import Kept

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Sources:
    """Loads each from one configuration, when it is asked for."""

    config: Config
    clock: Clock
    redactor: Redactor
    kept: Kept = field(default_factory=Kept, repr=False, compare=False)
    readers: Readers = field(default_factory=Readers, repr=False, compare=False)

    def reader(self, forms: FormsSettings | None = None) -> IsolatedReader:
        """Return the reader of messages, by other forms where some are given; its process is kept from one pass to the next."""
        settings = self.config.settings
        setup = Setup(forms=forms or self.forms(), zone=self.config.zone.key, own_address=settings.mailbox.address)
        return self.readers.of(setup, seconds=settings.forms.read_seconds, memory_mb=settings.forms.read_memory_mb)

    def forms(self) -> FormsSettings:
        """Return the forms with their profiles as their files are now; raises ``ConfigInvalid`` with every problem of them."""
        settings, folder = self.config.settings.forms, self.config.profiles
        if folder is None:
            return settings
        known = self.kept.of("forms", profile_files(folder), lambda: load_profiles(folder))
        return settings.model_copy(update={"known": known})

    def directory(self) -> Directory:
        """Load the staff directory, from the database where a query is configured.

        Raises ``ConfigInvalid`` with every problem of it, ``Unusable`` when the database does not answer.
        """
        settings = self.config.settings.staff
        if settings.sql.url:
            return query_directory(settings, self._secret(settings.sql.password))
        path = self.config.path(settings.file or "")

        def load() -> Directory:
            as_of = datetime.fromtimestamp(path.stat().st_mtime, self.config.zone) if path.exists() else None
            return load_directory(_bytes_of(path, "staff.file"), name=path.name, settings=settings, as_of=as_of)

        return self.kept.of("directory", [path], load)

    def own_pcs(self) -> OwnPcs | None:
        """Load the register of own PCs, where one is configured; raises as :meth:`directory` does."""
        settings = self.config.settings.staff.own_pcs
        if settings.sql.url:
            return query_own_pcs(settings, self._secret(settings.sql.password))
        if settings.file is None:
            return None
        path = self.config.path(settings.file)
        return load_own_pcs(_bytes_of(path, "staff.own_pcs.file"), name=path.name, settings=settings)

    def _secret(self, reference: str | None) -> Secret | None:
        return self.config.resolve(reference, self.redactor) if reference else None

    def rulebook(self) -> Rulebook:
        """Return the rules with the city's calendar."""
        settings = self.config.settings
        return Rulebook(settings.rules, self.calendar(), self.config.zone)

    def calendar(self) -> Calendar:
        """Return the city's business days."""
        settings = self.config.settings.calendar
        overrides, holidays = settings.overrides_file, settings.holidays_file
        return Calendar(
            settings,
            overrides=self._days(overrides, "calendar.overrides_file", load_overrides) if overrides else None,
            holidays=self._days(holidays, "calendar.holidays_file", load_holidays) if holidays else None,
        )

    def _days(self, file: str, setting: str, load: Callable[..., T]) -> T:
        path = self.config.path(file)
        return load(_bytes_of(path, setting), name=path.name)

    def judge(self) -> Judge:
        """Return what applies the rules to an application."""
        return Judge(rulebook=self.rulebook(), directory=self.directory(), own_pcs=self.own_pcs())


def _bytes_of(path: Path, setting: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigInvalid([Problem(path=setting, text=f"{path} can't be read ({error.strerror})")]) from None
