"""What is wrong with a database server, or with the address of one, is told with what to do."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest
from pydantic import ValidationError
from sqlalchemy import inspect

from bot.errors import LedgerUnusable, Transient
from bot.ledger.ledger import Ledger
from bot.sandbox.postgres import ROLE, Postgres
from bot.secret import Secret
from bot.settings.ledger import LedgerSettings
from tests.ledger_kit import RUN, STEP, Server, open_ledger, raw


@pytest.fixture
def place(database: Server, tmp_path: Path) -> Path:
    """A folder that leads to a new ledger on the server."""
    database.put_into(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        ("ALTER DATABASE {} SET default_transaction_read_only = on", "the primary"),
        ("ALTER DATABASE {} CONNECTION LIMIT 0", "too much to do|too many connections"),
    ],
)
async def test_what_the_server_refuses_is_told(postgres: Postgres, place: Path, statement: str, says: str) -> None:
    """A standby and a server that is full are each told with what to do."""
    with raw(place) as connection:
        name = connection.exec_driver_sql("SELECT current_database()").scalar()
    postgres.sql(statement.format(name))
    with pytest.raises((LedgerUnusable, Transient), match=says), closing(open_ledger(place)) as ledger:
        await ledger.note(STEP)


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("postgresql://telework@127.0.0.1:{port}/nowhere", r"nowhere on 127\.0\.0\.1 .*does not exist.*ledger\.url"),
        ("postgresql://stranger@127.0.0.1:{port}/ready", r"password authentication failed.*ledger\.password"),
        ("postgresql://telework@127.0.0.1:1/ready", r"refused.*see that the server runs"),
        ("postgresql://telework@127.0.0.1:{port}/template1?sslmode=require", "SSL"),
        ("postgresql+psycopg2://telework@127.0.0.1/ready", "not supported"),
        ("mysql://telework@127.0.0.1/ready", "not supported; examples"),
        ("postgresql://telework@127.0.0.1/ready?timeout=soon", "timeout=soon is no number"),
    ],
)
def test_a_server_that_can_not_be_used_is_told(postgres: Postgres, tmp_path: Path, url: str, says: str) -> None:
    """No such database, role, server or driver: which one, and what to look at; never the password."""
    with pytest.raises(LedgerUnusable, match=says) as told:
        Ledger.open(
            url.format(port=postgres.port), base=tmp_path, clock=None, run=RUN, password=Secret(postgres.password)  # type: ignore[arg-type] # not reached
        )  # fmt: skip
    assert postgres.password not in str(told.value)


def test_a_database_that_can_not_hold_a_name_is_refused(postgres: Postgres, database: Server, tmp_path: Path) -> None:
    """One in another encoding is refused before anything is in it, with how to make a better one."""
    postgres.sql(
        f"CREATE DATABASE narrow OWNER {ROLE} ENCODING 'EUC_JP' LOCALE_PROVIDER libc LOCALE 'C' TEMPLATE template0"
    )
    Server(url=postgres.url("narrow"), password=database.password).put_into(tmp_path)
    with pytest.raises(LedgerUnusable, match="ENCODING 'UTF8'"):
        open_ledger(tmp_path)
    with raw(tmp_path) as connection:
        assert inspect(connection).get_table_names() == []
    postgres.sql("DROP DATABASE narrow")


@pytest.mark.parametrize(
    "url", ["postgresql://telework:hunter2@db/telework", "postgresql://db/telework?password=hunter2"]
)
def test_a_password_in_the_address_is_refused(url: str) -> None:
    """It belongs behind a reference."""
    with pytest.raises(ValidationError, match="a password in url is refused"):
        LedgerSettings(url=url)


@pytest.mark.parametrize(
    "url", ["postgresql://telework@[::1]:5432/telework?sslmode=require", "sqlite:///C:/a@b/ledger.sqlite3"]
)
def test_an_address_without_one_is_taken(url: str) -> None:
    """A port, and what a path may hold, is no password."""
    assert LedgerSettings(url=url).url == url
