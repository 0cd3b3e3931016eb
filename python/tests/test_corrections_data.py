"""The tenant's database as bundles use it."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import asyncpg
import pytest
from conftest import SettingUp
from ntro import data, ingest, subledger
from ntro.subledger.types.expenses import ExpenseRow
from published_sdk import published
from pydantic import BaseModel

from ntro_host.corrections.subledger_rows import is_json

ENTITY, TASK = UUID(int=1), UUID(int=2)


def test_another_tenants_slug_is_refused(host_of_acme: SettingUp) -> None:
    with pytest.raises(ValueError, match='serves the tenant "acme"; it has no data of "globex"'):
        asyncio.run(data.get_data_plane("globex"))


def test_all_who_ask_at_once_get_one_pool(tenant_database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    made = 0
    create = asyncpg.create_pool

    def counting(*args: object, **kwargs: object) -> object:
        nonlocal made
        made += 1
        return create(*args, **kwargs)

    monkeypatch.setattr(asyncpg, "create_pool", counting)

    async def ask() -> None:
        planes = await asyncio.gather(*(data.get_data_plane("acme") for _ in range(8)))
        assert all(plane is planes[0] for plane in planes)
        assert isinstance(planes[0], data.DataPlane)
        await planes[0].close()
        assert await (await data.get_data_plane("acme")).fetchrow("select 1 as one") == {"one": 1}

    asyncio.run(ask())
    assert made == 1
    # Another event loop, as that of a thread, gets another.
    asyncio.run(ask())
    assert made == 2


def test_a_pool_that_could_not_be_made_is_tried_again(tenant_database: str, host_of_acme: SettingUp) -> None:
    async def ask() -> None:
        host_of_acme(NTRO_TENANT_POSTGRES_URL=f"{tenant_database}_not_there")
        for _ in range(2):
            with pytest.raises(asyncpg.InvalidCatalogNameError):
                await data.get_data_plane("acme")
        host_of_acme(NTRO_TENANT_POSTGRES_URL=tenant_database)
        assert await (await data.get_data_plane("acme")).fetchrow("select 1 as one") == {"one": 1}

    asyncio.run(ask())


def test_the_published_data_plane_serves_any_slug(tenant_database: str) -> None:
    code = """
    from ntro.data import get_data_plane
    async def ask():
        planes = await asyncio.gather(get_data_plane("globex"), get_data_plane("globex"))
        return planes[0] is not planes[1]
    result = outcome(ask)
    """
    assert published(code, {"NTRO_TENANT_SLUG": "acme", "NTRO_TENANT_POSTGRES_URL": tenant_database}) is True


def test_a_submitted_record_gets_its_id_from_the_database(tenant_database: str) -> None:
    async def insert(id: str | None) -> ingest.SubmittedRecord:
        db = await data.get_data_plane("acme")
        return await ingest.insert_submitted_record(
            db,
            id=id,
            entity_slug="fund",
            task_id="t",
            kind="expense",
            source_ref=None,
            data={"vendor": "JLL"},
        )

    record = asyncio.run(insert(None))
    assert UUID(record.id).version == 4
    assert (record.data, record.source_ref, record.kind) == ({"vendor": "JLL"}, None, "expense")
    given = str(uuid4())
    assert asyncio.run(insert(given)).id == given
    code = """
    from ntro import data, ingest
    async def insert():
        db = await data.get_data_plane("acme")
        await ingest.insert_submitted_record(
            db, id=None, entity_slug="fund", task_id=None, kind=None, source_ref=None, data={})
    result = outcome(insert)
    """
    refused = published(code, {"NTRO_TENANT_SLUG": "acme", "NTRO_TENANT_POSTGRES_URL": tenant_database})
    assert str(refused).startswith("NotNullViolationError")


def row(handle: subledger.SubledgerHandle, **fields: object) -> ExpenseRow:
    given = {"vendor": "JLL", "amount_gross": 12, "currency": "GBP", "period": "2026-03", "event_id": uuid4()}
    made = handle.row(**{**given, **fields})
    assert isinstance(made, ExpenseRow)
    return made


def expenses() -> subledger.SubledgerHandle:
    return subledger.open(name="expenses", entity_id=ENTITY, task_id=TASK, tenant_slug="acme")


def test_rows_with_json_are_read_back(tenant_database: str) -> None:
    async def round_trip() -> None:
        handle = expenses()
        await handle.insert(row(handle, line_items=[{"amount": 3}]))
        await handle.insert_needs_attention(
            period="2026-03",
            raw_payload={"vendor": None},
            validation_errors=[{"field": "vendor", "code": "missing", "message": "Missing"}],
            type_specific_fields={"event_id": uuid4()},
        )
        first, ghost = await handle.query(period="2026-03")
        assert isinstance(first, ExpenseRow)
        assert first.line_items == [{"amount": 3}]
        assert ghost.raw_payload == {"vendor": None}
        assert (ghost.validation_errors or [])[0]["field"] == "vendor"

    asyncio.run(round_trip())
    code = """
    from uuid import UUID
    from ntro import subledger
    handle = subledger.open(name="expenses", entity_id=UUID(int=1), task_id=UUID(int=2), tenant_slug="acme")
    result = outcome(handle.query)
    """
    refused = published(code, {"NTRO_TENANT_SLUG": "acme", "NTRO_TENANT_POSTGRES_URL": tenant_database})
    assert str(refused).startswith("ValidationError")


def test_times_of_rows_are_those_of_the_clock_in_any_zone(
    tenant_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def insert() -> list[datetime]:
        handle = expenses()
        await handle.insert(row(handle))
        await handle.insert_needs_attention(
            period="2026-03", raw_payload={}, validation_errors=[], type_specific_fields={"event_id": uuid4()}
        )
        return [each.created_at for each in await handle.query()]

    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        times = asyncio.run(insert())
    finally:
        monkeypatch.delenv("TZ")
        time.tzset()
    assert len(times) == 2
    for at in times:
        assert abs(at - datetime.now(UTC)) < timedelta(minutes=1)
    assert row(expenses()).updated_at.tzinfo is not None
    code = """
    from uuid import UUID, uuid4
    from ntro import data, subledger
    handle = subledger.open(name="expenses", entity_id=UUID(int=8), task_id=UUID(int=9), tenant_slug="acme")
    async def insert():
        await handle.insert(handle.row(
            vendor="JLL", amount_gross=1, currency="GBP", period="2026-03", event_id=uuid4()))
        db = await data.get_data_plane("acme")
        row = await db.fetchrow(
            "select extract(epoch from now() - created_at) as off from ledgers.expenses where task_id = $1", UUID(int=9))
        return float(row["off"])
    result = outcome(insert)
    """
    environment = {"NTRO_TENANT_SLUG": "acme", "NTRO_TENANT_POSTGRES_URL": tenant_database, "TZ": "Asia/Tokyo"}
    assert published(code, environment) == pytest.approx(9 * 3600, abs=60)


def test_approving_writes_when(tenant_database: str) -> None:
    async def approve() -> None:
        handle = expenses()
        pending, rejected = row(handle), row(handle)
        await handle.insert(pending)
        await handle.insert(rejected)
        await handle.mark_rejected(ids=[rejected.id])
        assert await handle.mark_approved(ids=[pending.id, rejected.id]) == 1
        assert await handle.mark_approved(ids=[pending.id]) == 0
        assert await handle.mark_approved(ids=[]) == 0
        by_id = {each.id: each for each in await handle.query()}
        approved = by_id[pending.id]
        assert isinstance(approved, ExpenseRow)
        assert approved.status == "APPROVED"
        assert approved.approved_at is not None
        assert abs(approved.approved_at - datetime.now(UTC)) < timedelta(minutes=1)
        assert by_id[rejected.id].status == "REJECTED"

    asyncio.run(approve())


def test_rows_of_a_bundles_own_ledger(tenant_database: str) -> None:
    class Line(BaseModel):
        account: str

    class PlaylistRow(subledger.Row):
        lines: list[Line]
        head: Line | None = None
        note: str | None = None

    async def round_trip() -> None:
        db = await data.get_data_plane("acme")
        await db.execute(
            "create table ledgers.playlists (id uuid, entity_id uuid, period text, task_id uuid, status text, "
            "source_ref text, validation_errors jsonb, raw_payload jsonb, created_at timestamptz, "
            "updated_at timestamptz, lines jsonb, head jsonb, note text)"
        )
        handle = subledger.open(name="playlists", entity_id=ENTITY, task_id=TASK, db=db)
        made = handle.row(period="2026-03", lines=[Line(account="4000")], head=Line(account="1"), note='["text"]')
        await handle.insert(made)
        (read,) = await handle.query()
        assert read == made.model_copy(update={"created_at": read.created_at, "updated_at": read.updated_at})
        assert await handle.mark_approved(ids=[made.id]) == 1

    from ntro.subledger import registry

    before = dict(registry._registry)
    subledger.register_type("playlists")(PlaylistRow)
    try:
        asyncio.run(round_trip())
    finally:
        registry._registry.clear()
        registry._registry.update(before)


@pytest.mark.parametrize(
    ("annotation", "expected"),
    [
        (dict, True),
        (list[str] | None, True),
        (dict[str, int], True),
        (BaseModel, True),
        (str, False),
        (str | None, False),
        (bytes, False),
        (type("Playlist", (str,), {}), False),
        (UUID, False),
        (object, False),
    ],
)
def test_tells_json_columns_by_their_type(annotation: object, expected: bool) -> None:
    assert is_json(annotation) is expected
