"""A bundle's SQL migrations: the rules and messages of ``packages/worker/src/host/migrations.ts``."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .faults import BundleFaulty, Fault

if TYPE_CHECKING:
    import asyncpg

_FEATURE_NOT_SUPPORTED = "0A000"
"""What Postgres says of statements that end or begin a transaction."""


@dataclass(frozen=True)
class Migration:
    """One file: its name below ``migrations/`` and its text."""

    name: str
    sql: str

    @property
    def path(self) -> str:
        """In the bundle."""
        return f"migrations/{self.name}"

    @property
    def digest(self) -> str:
        """Sha256 of its text."""
        return hashlib.sha256(self.sql.encode()).hexdigest()


def migrations_in(folder: Path) -> list[Migration]:
    """Those of an installed bundle, in the order of their names."""
    files = sorted((folder / "migrations").glob("*.sql"), key=lambda file: file.name)
    return [Migration(file.name, file.read_bytes().decode()) for file in files]


async def apply_migrations(database_url: str, runbook: str, migrations: Sequence[Migration]) -> int:
    """
    Applies the migrations that the tenant's database lacks, all in one transaction, as the tenant's role. Two hosts at once take turns.

    :returns: how many were applied
    :raises BundleFaulty: with Postgres's own message, or when a file that was applied before has changed since
    :raises OSError, asyncpg.PostgresError: when the database cannot be reached
    """
    if not migrations:
        return 0
    # Only here: a host of bundles without a database need not have it in memory.
    import asyncpg

    connection = await asyncpg.connect(database_url)
    try:
        async with connection.transaction():
            await connection.execute("select pg_advisory_xact_lock(hashtext($1))", f"ntro migrations {runbook}")
            return sum([await _apply(connection, runbook, migration) for migration in migrations])
    finally:
        await connection.close()


async def _apply(connection: asyncpg.Connection[Any], runbook: str, migration: Migration) -> int:
    import asyncpg

    known = await connection.fetchval(
        "select digest from system.migrations where runbook = $1 and name = $2", runbook, migration.name
    )
    if known is not None:
        if known != migration.digest:
            raise _changed(migration)
        return 0
    try:
        await connection.execute(_as_one_statement(migration.sql))
    except asyncpg.PostgresError as error:
        raise _failed(migration, error) from error
    await connection.execute(
        "insert into system.migrations (runbook, name, digest) values ($1, $2, $3)",
        runbook,
        migration.name,
        migration.digest,
    )
    return 1


def _as_one_statement(sql: str) -> str:
    """Run by PL/pgSQL, which refuses ``commit`` and its like: they would apply half of a deployment."""
    return f"do {_literal(f'begin execute {_literal(sql)}; end')}"


def _literal(text: str) -> str:
    quoted = text.replace("'", "''")
    if "\\" not in quoted:
        return f"'{quoted}'"
    doubled = quoted.replace("\\", "\\\\")
    return f" E'{doubled}'"


def _failed(migration: Migration, error: asyncpg.PostgresError) -> BundleFaulty:
    message = str(getattr(error, "message", None) or error)
    own = error.sqlstate == _FEATURE_NOT_SUPPORTED and "transaction commands" in message
    hint = "All migrations run in one transaction: leave out begin and commit. " if own else ""
    position = getattr(error, "internal_position", None)
    fault = Fault(
        code="MIGRATION_FAILED",
        path=migration.path,
        message=message,
        hint=f"{hint}No migration of this deployment was applied.",
    )
    return BundleFaulty([fault.model_copy(update=_place_in(migration.sql, int(position))) if position else fault])


def _place_in(sql: str, position: int) -> dict[str, object]:
    before = sql[: max(0, position - 1)]
    line = before.count("\n") + 1
    source = sql.split("\n")[line - 1].rstrip("\r")
    return {"line": line, "column": len(before) - before.rfind("\n"), "source": source}


def _changed(migration: Migration) -> BundleFaulty:
    return BundleFaulty(
        [
            Fault(
                code="MIGRATION_FAILED",
                path=migration.path,
                message="This migration was applied before with other content.",
                hint="Leave applied migrations as they are and add a new file.",
            )
        ]
    )
