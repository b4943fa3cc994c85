"""The users of the embedded console: what a VDI product keeps of them, and its own rules."""

from __future__ import annotations

import hashlib
import os
import re
import string
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from bot.clock import Clock

_USER_ID = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]{2,39}$")
_LOCK_AFTER = 5
_CLASSES = (string.ascii_uppercase, string.ascii_lowercase, string.digits)
POOLS = ("テレワーク標準", "テレワーク高性能", "開発用")
ZONES = ("LGWAN", "インターネット", "番号利用事務系")


@dataclass(kw_only=True)
class User:
    """One user of the product."""

    user_id: str
    name: str
    department: str = ""
    mail: str = ""
    pool: str = POOLS[0]
    zones: tuple[str, ...] = ()
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    must_change: bool = True
    enabled: bool = True
    failures: int = 0
    last_login: datetime | None = None
    #: Monotonic second at which "being created" is over.
    ready_at: float = 0.0
    salt: bytes = b""
    password_hash: bytes = b""

    @property
    def locked(self) -> bool:
        """Five wrong passwords lock the user."""
        return self.failures >= _LOCK_AFTER

    @property
    def status(self) -> str:
        """What the list shows."""
        if time.monotonic() < self.ready_at:
            return "作成中…"
        if not self.enabled:
            return "無効"
        return "ロック中" if self.locked else "有効"


@dataclass(frozen=True, kw_only=True)
class LogLine:
    """One line of the product's own record of writes (操作ログ)."""

    at: datetime
    admin: str
    action: str
    target: str


class Refused(Exception):
    """The product does not accept a value; ``errors`` maps a field to the sentence shown beside it."""

    def __init__(self, **errors: str) -> None:
        super().__init__("; ".join(errors.values()))
        self.errors = errors


@dataclass(kw_only=True)
class Users:
    """All users; every change is counted and logged. Safe to use from several threads."""

    clock: Clock
    creating_seconds: float = 0.3
    writes: Counter[str] = field(default_factory=Counter)
    log: list[LogLine] = field(default_factory=list)
    _users: dict[str, User] = field(default_factory=dict)
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def find(self, user_id: str) -> User | None:
        """Return the user with exactly this ID."""
        with self._lock:
            return self._users.get(user_id)

    def search(self, words: str) -> Sequence[User]:
        """Return the users whose ID or name holds ``words``, by ID."""
        with self._lock:
            found = [user for user in self._users.values() if words in user.user_id or words in user.name]
            return sorted(found, key=lambda user: user.user_id)

    def guess_id(self) -> str:
        """Return the ID that the form proposes, as some products do."""
        with self._lock:
            return f"user{len(self._users) + 1:04d}"

    def create(self, user: User, password: str, admin: str, *, stuck: bool = False) -> User:
        """Add a user, "being created" for a while. Raises ``Refused``."""
        with self._lock:
            self.check_new(user, password)
            _set_password(user, password)
            user.ready_at = float("inf") if stuck else time.monotonic() + self.creating_seconds
            self._users[user.user_id] = user
            self._written("create", admin, "ユーザー登録", user.user_id)
            return user

    def check_new(self, user: User, password: str) -> None:
        """Raise ``Refused`` with everything wrong with a new user."""
        errors: dict[str, str] = {}
        if not _USER_ID.match(user.user_id):
            errors["user_id"] = "ユーザーIDは半角英数字と . _ - の3～40文字で入力してください"
        elif user.user_id in self._users:
            errors["user_id"] = "このユーザーIDは既に使用されています"
        if not user.name.strip():
            errors["name"] = "氏名を入力してください"
        if user.valid_from and user.valid_until and user.valid_from >= user.valid_until:
            errors["valid_until"] = "利用終了日時は利用開始日時より後にしてください"
        if problem := policy_problem(password):
            errors["password"] = problem
        if errors:
            raise Refused(**errors)

    def seed(self, user: User) -> None:
        """Add a user that was there before; not counted as a write."""
        with self._lock:
            self._users[user.user_id] = user

    def edit(self, user_id: str, admin: str, **changes: object) -> None:
        """Change fields of a user."""
        with self._lock:
            user = self._users[user_id]
            for name, value in changes.items():
                setattr(user, name, value)
            self._written("edit", admin, "ユーザー編集", user_id)

    def reset_password(self, user_id: str, password: str, admin: str, *, must_change: bool, reactivate: bool) -> None:
        """Set a new password. Raises ``Refused``."""
        with self._lock:
            if problem := policy_problem(password):
                raise Refused(password=problem)
            user = self._users[user_id]
            _set_password(user, password)
            user.must_change = must_change
            if reactivate:
                user.enabled, user.failures = True, 0
            self._written("reset_password", admin, "パスワード再設定", user_id)

    def set_enabled(self, user_id: str, admin: str, *, enabled: bool) -> None:
        """Enable or disable a user."""
        with self._lock:
            self._users[user_id].enabled = enabled
            self._written("enable" if enabled else "disable", admin, "有効化" if enabled else "無効化", user_id)

    def unlock(self, user_id: str, admin: str) -> None:
        """Forget the wrong passwords."""
        with self._lock:
            self._users[user_id].failures = 0
            self._written("unlock", admin, "ロック解除", user_id)

    def log_in(self, user_id: str, password: str) -> tuple[User | None, str]:
        """Log a user in on the user side: the user, or why not. Works only inside the validity; five failures lock."""
        with self._lock:
            user = self._users.get(user_id)
            if user is None or time.monotonic() < user.ready_at:
                return None, "ユーザーIDまたはパスワードが正しくありません"
            if user.locked:
                return None, "アカウントがロックされています。管理者に連絡してください"
            if _hash(user.salt, password) != user.password_hash:
                user.failures += 1
                return None, "ユーザーIDまたはパスワードが正しくありません"
            if not user.enabled:
                return None, "このアカウントは無効です"
            now = self.clock.now()
            if (user.valid_from and now < user.valid_from) or (user.valid_until and now > user.valid_until):
                return None, "利用期間外です"
            user.failures, user.last_login = 0, now
            return user, ""

    def change_own(self, user_id: str, password: str) -> None:
        """Set the password that the user chose. Raises ``Refused``, also when it is the old one."""
        with self._lock:
            user = self._users[user_id]
            if problem := policy_problem(password):
                raise Refused(password=problem)
            if _hash(user.salt, password) == user.password_hash:
                raise Refused(password="現在のパスワードと異なるものにしてください")  # noqa: S106 - a sentence
            _set_password(user, password)
            user.must_change = False

    def _written(self, kind: str, admin: str, action: str, target: str) -> None:
        self.writes[kind] += 1
        self.log.append(LogLine(at=self.clock.now(), admin=admin, action=action, target=target))


def policy_problem(password: str) -> str:
    """Return what the product's password policy says against ``password``: 12 characters of four classes."""
    classes = sum(any(char in group for char in password) for group in _CLASSES)
    symbols = any(not char.isalnum() for char in password)
    if len(password) < 12 or classes < 3 or not symbols:
        return "パスワードは12文字以上で、英大文字・英小文字・数字・記号をすべて含めてください"
    return ""


def _set_password(user: User, password: str) -> None:
    user.salt = os.urandom(16)
    user.password_hash = _hash(user.salt, password)


def _hash(salt: bytes, password: str) -> bytes:
    return hashlib.scrypt(password.encode(), salt=salt, n=2**8, r=8, p=1)
