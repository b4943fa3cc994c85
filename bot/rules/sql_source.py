"""Directory and register by a SQL query in place of an export. The one module of this room that reaches outside.

The query runs in a transaction that is rolled back: it can't change anything. The rows pass the same checks as a file's.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import closing
from datetime import date, datetime, time

from sqlalchemy import create_engine, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from bot.errors import Unusable
from bot.rules import directory, register
from bot.rules.directory import Directory, build_directory
from bot.rules.register import OwnPcs, build_own_pcs
from bot.rules.sheet import Layout, Problems, Row, pick_rows
from bot.secret import Secret
from bot.settings.staff import OwnPcSettings, SqlSettings, StaffSettings

_Table = tuple[list[str], list[Sequence[object]]]


def query_directory(settings: StaffSettings, password: Secret | None) -> Directory:
    """Fetch the staff directory by ``staff.sql``; it is never stale.

    Raises ``ConfigInvalid`` with every problem (rows are counted from 2, as in a file), ``Unusable`` when the database
    can't be reached or refuses the query.
    """
    problems = Problems(path="staff.sql", source="query")
    rows = _rows(settings.sql, password, directory.layout(settings), problems)
    return build_directory(rows, settings, problems)


def query_own_pcs(settings: OwnPcSettings, password: Secret | None, *, max_rows: int = 300_000) -> OwnPcs:
    """Fetch the register of own PCs by ``staff.own_pcs.sql``; raises as :func:`query_directory` does."""
    problems = Problems(path="staff.own_pcs.sql", source="query")
    rows = _rows(settings.sql, password, register.layout(settings, max_rows), problems)
    return build_own_pcs(rows, problems)


def _rows(sql: SqlSettings, password: Secret | None, layout: Layout, problems: Problems) -> list[Row]:
    headings, records = _fetch(_address(sql, password, problems), sql.query, layout.max_rows, problems)
    rows = pick_rows(headings, ([_cell(value) for value in record] for record in records), layout, problems)
    _numbers_are_text(headings, records, layout, problems)
    return rows


def _address(sql: SqlSettings, password: Secret | None, problems: Problems) -> URL:
    try:
        url = make_url(sql.url or "")
    except ArgumentError:
        problems.add("url is not an SQLAlchemy address such as postgresql+psycopg://reader@db/staff")
        problems.refuse()
        raise
    return url.set(password=password.reveal()) if password else url


def _fetch(url: URL, query: str, most: int, problems: Problems) -> _Table:
    try:
        engine = create_engine(url, poolclass=NullPool, hide_parameters=True)
        with closing(engine.connect()) as connection:
            result = connection.execute(text(query))
            headings, records = list(result.keys()), [tuple(record) for record in result.fetchmany(most + 1)]
    except (ArgumentError, ImportError) as error:
        problems.add(f"this kind of database can't be used here ({type(error).__name__}); is its driver installed?")
        problems.refuse()
        raise
    except DBAPIError as error:
        # Only what the driver says: the statement and the address stay out of the message.
        reason = str(error.orig).partition("\n")[0]
        raise Unusable(f"{problems.path}: the database does not answer the query ({reason})") from None
    except SQLAlchemyError as error:
        raise Unusable(f"{problems.path}: the query can't be used ({type(error).__name__})") from None
    if len(records) > most:
        problems.add(f"more than {most} rows")
        problems.refuse()
    return headings, list(records)


def _numbers_are_text(
    headings: Sequence[str], records: Iterable[Sequence[object]], layout: Layout, problems: Problems
) -> None:
    """A numeric column has lost its leading zeros before it comes here: that must be mended in the query."""
    columns = [at for at, name in enumerate(headings) if name in layout.columns["employee_no"]]
    if any(isinstance(record[at], int | float) for record in records for at in columns):
        problems.add("employee numbers come as numbers, without their leading zeros; cast them to text in the query")
    problems.refuse()


def _cell(value: object) -> str:
    match value:
        case None:
            return ""
        case datetime() if value.time() == time():
            return value.date().isoformat()
        case date():
            return value.isoformat()
        case _:
            return str(value)
