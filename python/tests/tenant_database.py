"""A tenant's database, as the server makes it, as far as the SDK's functions need it."""

from __future__ import annotations

import asyncio
from uuid import uuid4

import asyncpg

_TABLES = """
create schema ingest; create schema ledgers; create schema system;
create table ingest.submitted_records (
  id uuid primary key default gen_random_uuid(), entity_slug text not null, task_id text, kind text, source_ref jsonb,
  data jsonb not null, received_at timestamptz not null default now());
create table ingest.extracted_payloads (
  id uuid primary key default gen_random_uuid(), entity_slug text not null, period text, source text not null,
  document_ref text not null, schema_slug text not null, payload jsonb not null, corrections jsonb, task_id text);
create table ledgers.expenses (
  id uuid primary key, entity_id uuid not null, period text not null, task_id uuid not null, status text not null,
  source_ref text, validation_errors jsonb, raw_payload jsonb, created_at timestamptz not null,
  updated_at timestamptz not null, event_id uuid, vendor text, amount_gross numeric, currency text, expense_date date,
  payment_method text, line_items jsonb, vat_amount numeric, notes text, category text, category_source text,
  confidence numeric, approved_at timestamptz, posted_to_gl boolean not null default false, posted_journal_ref text);
"""


def make_database(superuser_url: str) -> str:
    """Makes a database with a tenant's tables; gives its URL."""
    name = f"tenant_{uuid4().hex[:12]}"
    url = f"{superuser_url.rpartition('/')[0]}/{name}"

    async def make() -> None:
        server = await asyncpg.connect(superuser_url)
        await server.execute(f"create database {name}")
        await server.close()
        database = await asyncpg.connect(url)
        await database.execute(_TABLES)
        await database.close()

    asyncio.run(make())
    return url
