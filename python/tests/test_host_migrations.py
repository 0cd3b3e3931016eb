"""A bundle's SQL in the tenant's database: once, in order, all or nothing."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from tenant_database import make_database

from ntro_host.faults import BundleFaulty
from ntro_host.migrations import Migration, apply_migrations, migrations_in

_RECORDS = "create table system.migrations (runbook text, name text, digest text, applied_at timestamptz default now(), primary key (runbook, name))"


@pytest.fixture
def database(postgres_url: str) -> str:
    url = make_database(postgres_url)
    asyncio.run(ask(url, _RECORDS))
    return url


async def ask(url: str, sql: str) -> list[Any]:
    connection = await asyncpg.connect(url)
    try:
        return list(await connection.fetch(sql))
    finally:
        await connection.close()


def applied(url: str, *migrations: Migration) -> int:
    return asyncio.run(apply_migrations(url, "nav-monthly", migrations))


FIRST = Migration("001_rents.sql", "create table ledgers.rents (id int, note text default 'it''s \\ here');")
SECOND = Migration("002_more.sql", "-- a comment\nalter table ledgers.rents add column more text;\nselect 1;\n")


def test_each_once_and_in_order(database: str, tmp_path: Path) -> None:
    (tmp_path / "migrations").mkdir()
    for migration in (SECOND, FIRST):
        (tmp_path / "migrations" / migration.name).write_text(migration.sql)
    found = migrations_in(tmp_path)
    assert found == [FIRST, SECOND]
    assert [applied(database, *found), applied(database, *found)] == [2, 0]
    rows = asyncio.run(ask(database, "select name, digest from system.migrations order by name"))
    assert [tuple(row) for row in rows] == [(FIRST.name, FIRST.digest), (SECOND.name, SECOND.digest)]
    asyncio.run(ask(database, "insert into ledgers.rents default values"))
    assert asyncio.run(ask(database, "select note from ledgers.rents"))[0]["note"] == "it's \\ here"


def test_two_hosts_take_turns(database: str) -> None:
    async def both() -> list[int]:
        return await asyncio.gather(*(apply_migrations(database, "nav-monthly", [FIRST]) for _ in range(3)))

    assert sorted(asyncio.run(both())) == [0, 0, 1]


def test_all_or_nothing_with_postgres_own_words(database: str) -> None:
    bad = Migration("002_bad.sql", "select 1;\n  create tabel x ();")
    with pytest.raises(BundleFaulty) as raised:
        applied(database, FIRST, bad)
    [fault] = raised.value.faults
    assert (fault.code, fault.path, fault.line, fault.column) == ("MIGRATION_FAILED", "migrations/002_bad.sql", 2, 10)
    assert fault.message == 'syntax error at or near "tabel"'
    assert fault.source == "  create tabel x ();"
    assert asyncio.run(ask(database, "select 1 from system.migrations")) == []
    assert asyncio.run(ask(database, "select to_regclass('ledgers.rents') as found"))[0]["found"] is None


def test_no_transactions_of_its_own(database: str) -> None:
    with pytest.raises(BundleFaulty) as raised:
        applied(database, Migration("001_a.sql", f"create table ledgers.t{uuid4().hex[:8]} (); commit;"))
    assert (raised.value.faults[0].hint or "").startswith("All migrations run in one transaction: leave out begin")


def test_an_applied_file_may_not_change(database: str) -> None:
    applied(database, FIRST)
    with pytest.raises(BundleFaulty) as raised:
        applied(database, Migration(FIRST.name, FIRST.sql + " "))
    assert raised.value.faults[0].message == "This migration was applied before with other content."
