"""``staff:`` the staff directory and the register of own PCs."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from bot.settings.base import DatabaseUrl, SecretRef, Section

_STAFF_COLUMNS: dict[str, tuple[str, ...]] = {
    "employee_no": ("職員番号", "職員コード", "職員ID", "employee_no"),
    "name": ("氏名", "職員氏名", "名前", "name"),
    "mail": ("メールアドレス", "電子メール", "Eメール", "メール", "mail", "email"),
    "kana": ("フリガナ", "カナ氏名", "氏名カナ", "カナ", "ふりがな", "kana"),
    "department": ("所属", "所属名", "課名", "部課名", "department"),
    "category": ("任用区分", "職員区分", "雇用区分", "category"),
    "supervisor_no": ("所属長職員番号", "所属長番号", "所属長コード", "supervisor_no"),
    "active_from": ("在職開始日", "採用日", "採用年月日", "active_from"),
    "active_until": ("在職終了日", "退職日", "退職年月日", "active_until"),
    "status": (),
}
#: Words of headings that tell who is still there.
STATUS_WORDS = (
    "在職", "在籍", "現職", "退職", "離職", "休職", "休業", "育休", "産休", "停職", "出向", "転出", "除籍", "状態", "状況", "ステータス",
    "フラグ", "有効", "無効", "失効", "削除", "廃止", "停止",
    "死亡", "離任", "満了", "任期", "終了", "最終出勤", "現況", "在否", "可否", "休暇", "派遣", "status", "active", "employed", "retired", "deleted",
    "enabled", "disabled", "flag", "flg",
)  # fmt: skip
STATUS_VALUES = (
    "在職", "在職中", "在籍", "在籍中", "退職", "退職済", "退職済み", "退職者", "離職", "休職", "休職中", "停職", "育休", "育休中", "育児休業", "育児休業中",
    "産休", "産休中", "産前産後休暇", "介護休業", "病休", "病気休職", "休業", "休業中", "停職中", "除籍", "死亡", "免職", "失職", "出向", "出向中", "派遣中", "転出",
    "無効", "廃止", "削除", "削除済",
)  # fmt: skip
_PC_COLUMNS: dict[str, tuple[str, ...]] = {
    "number": ("登録番号", "端末登録番号", "端末番号", "number"),
    "employee_no": ("職員番号", "職員コード", "職員ID", "employee_no"),
    "approved": ("承認", "承認状況", "承認結果", "approved"),
    "registered_on": ("登録日", "登録年月日", "承認日", "registered_on"),
    "expires_on": ("有効期限", "登録期限", "expires_on"),
    "os": ("OS", "ＯＳ", "基本ソフト", "os"),
    "antivirus": ("ウイルス対策ソフト", "ウイルス対策", "antivirus"),
    "antivirus_until": ("ウイルス対策ソフト期限", "ウイルス対策期限", "antivirus_until"),
}


def _all_known(known: dict[str, tuple[str, ...]], value: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    strange = sorted(set(value) - set(known))
    if strange:
        raise ValueError(f"unknown column {', '.join(strange)}; known: {', '.join(known)}")
    # What is not named keeps its default, so that a site adds the one heading that differs.
    return {**known, **value}


def _staff_columns(value: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    return _all_known(_STAFF_COLUMNS, value)


def _pc_columns(value: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    return _all_known(_PC_COLUMNS, value)


class SqlSettings(Section):
    """A query in place of a file."""

    url: DatabaseUrl | None = None
    """SQLAlchemy address without the password, such as postgresql+psycopg://reader@db/staff. Empty: the file is read."""
    password: SecretRef | None = None
    """Reference to the database password."""
    query: str = ""
    """SELECT whose column names are headings as in ``columns``; employee numbers must come as text."""

    @model_validator(mode="after")
    def _complete(self) -> SqlSettings:
        if self.url and not self.query.strip():
            raise ValueError("url is set and query is empty")
        return self


class OwnPcSettings(Section):
    """The register of employees' own PCs (自宅PC登録簿)."""

    file: str | None = None
    """The register (CSV or Excel). Empty: there is none, and V14 is off."""
    sql: SqlSettings = SqlSettings()
    """A query in place of the file."""
    columns: Annotated[dict[str, tuple[str, ...]], AfterValidator(_pc_columns)] = Field(default=_PC_COLUMNS)
    """Headings of each column, any of them; what is not named keeps its default."""


class StaffSettings(Section):
    """The staff directory."""

    file: str = "inbox_samples/staff.csv"
    """The directory export (CSV or Excel)."""
    sql: SqlSettings = SqlSettings()
    """A query in place of the file."""
    columns: Annotated[dict[str, tuple[str, ...]], AfterValidator(_staff_columns)] = Field(default=_STAFF_COLUMNS)
    """Headings of each column, any of them; what is not named keeps its default."""
    active_values: tuple[str, ...] = ("在職", "在職中", "在籍", "在籍中", "現職")
    """Values of the column ``status``, whole, that mean 在職; with any other, an empty one too, nobody is employed (V02)."""
    status_words: tuple[str, ...] = STATUS_WORDS
    """A heading with one of these words in it says who counts: a directory with such a column that is not read is refused."""
    status_values: tuple[str, ...] = STATUS_VALUES
    """So does a column with one of these values, whole."""
    mail_domains: tuple[str, ...] = ()
    """Credentials go to these domains only: an address elsewhere is a problem of the directory. Empty: any."""
    stale_days: int = Field(default=7, ge=1)
    """Warn when the export is older than this many days."""
    min_kept: float = Field(default=0.5, ge=0, le=1)
    """A directory with less than this share of the last pass's employees is refused as half-written; 0 takes any."""
    max_rows: int = Field(default=300_000, ge=1)
    """More rows than this are refused as a wrong file."""
    max_leavers: int = Field(default=10, ge=0)
    """V20: the logins of those who left are revoked at once; of more employees than this in one pass none is, and operators
    are told: the export is probably broken. ``reconcile --fix`` revokes them all."""
    max_leavers_percent: int = Field(default=20, ge=0, le=100)
    """The same for more than this share of all employees who have days to come; two employees may always go."""
    own_pcs: OwnPcSettings = OwnPcSettings()
