"""
Defect of ntro 0.1.2, ``ingest/records.py``: ``insert_submitted_record`` without an id writes NULL into the primary key,
which the database refuses. Instead it lets the database make the id.
"""

from __future__ import annotations

import json
from typing import Any

import ntro.ingest as package
import ntro.ingest.records as sdk
from ntro.data import DataPlane
from ntro.ingest.records import SubmittedRecord

from .published import replace


def apply() -> None:
    """Replaces the function, where it is defined and where it is imported to."""
    replace("insert_submitted_record", insert_submitted_record, sdk, package)


async def insert_submitted_record(
    db: DataPlane,
    *,
    id: str | None,
    entity_slug: str,
    task_id: str | None,
    kind: str | None,
    source_ref: dict[str, Any] | None,
    data: dict[str, Any],
) -> SubmittedRecord:
    """Writes a row of ``ingest.submitted_records``, as published, and gives it back with its id."""
    row = await db.fetchrow(
        "insert into ingest.submitted_records (id, entity_slug, task_id, kind, source_ref, data) "
        "values (coalesce($1::uuid, gen_random_uuid()), $2, $3, $4, $5::jsonb, $6::jsonb) "
        "returning id, entity_slug, task_id, kind, source_ref, data, received_at",
        id,
        entity_slug,
        task_id,
        kind,
        None if source_ref is None else json.dumps(source_ref),
        json.dumps(data),
    )
    if row is None:
        raise RuntimeError("ingest.submitted_records gave no row back")
    return SubmittedRecord.model_validate(sdk._normalize_submitted_row(row))
