"""Everything that touches the world: reads files, writes the ledger. Each may be done twice and leaves the same."""

import csv
import io
from collections import defaultdict
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from ntro import subledger
from ntro.data import DataPlane, get_data_plane
from ntro.ingest import fetch_submitted_document_by_id
from ntro.subledger import SubledgerHandle, SubledgerStatus
from ntro.workflow import WorkflowError, activity

from .claims import FIELDS, cells_of, check, told
from .models import (
    Cells,
    FileRequest,
    FileRows,
    LedgerScope,
    LedgerTotals,
    NotRead,
    OpenClaims,
    Received,
    RecordRequest,
    Settlement,
)
from .money import total

# What a person can review at once.
_MAX_ROWS = 2000


@activity.defn(name="expense_claims.read_file")
async def read_file(request: FileRequest) -> FileRows | NotRead:
    """Reads a .csv file with headings. What cannot be used is an answer and no error: another file can be asked for."""
    db = await get_data_plane(request.tenant_slug)
    ref = request.submission.document_ref
    document = await fetch_submitted_document_by_id(db, document_ref=ref)
    if document is None:
        raise WorkflowError("The submitted file is not in the database.", type="DocumentMissing", non_retryable=True)
    try:
        text = document.data_bytes.decode("utf-8-sig")
        lines = csv.DictReader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=text.count), restval="")
        found = [(lines.line_num, {key: value for key, value in row.items() if key}) for row in lines]
    except (UnicodeDecodeError, csv.Error):
        return NotRead(problem="it is no .csv file in UTF-8.")
    rows = [Received(source_ref=f"doc:{ref}:{line}", data=data) for line, data in found if any(data.values())]
    if not rows or not any(cells_of(rows[0].data, "")[field] for field in ("vendor", "amount")):
        return NotRead(problem="it has no claims under the headings claimant, vendor, date, amount, currency, notes.")
    if len(rows) > _MAX_ROWS:
        return NotRead(problem=f"it has {len(rows)} claims; at most {_MAX_ROWS} can be reviewed at once.")
    return FileRows(rows=rows)


@activity.defn(name="expense_claims.record")
async def record(request: RecordRequest) -> OpenClaims:
    """Puts claims into the ledger, each once, and gives those of the task that wait for a decision."""
    ledger, _ = await _open(request.scope)
    known = {row.source_ref for row in await ledger.query()}
    for received in request.received:
        if received.source_ref in known:
            continue
        cells, problems = check(cells_of(received.data, request.currency))
        common: dict[str, Any] = {
            "period": request.scope.period,
            "source_ref": received.source_ref,
            "raw_payload": received.data,
        }
        values = _columns({field: cells[field] for field in FIELDS if field not in problems})
        if problems:
            errors = [
                {
                    "field": field,
                    "code": "invalid" if cells[field] else "missing",
                    "message": message,
                    "evaluator": "types",
                }
                for field, message in problems.items()
            ]
            await ledger.insert_needs_attention(**common, validation_errors=errors, type_specific_fields=values)
        else:
            await ledger.insert(ledger.row(**common, **values))
    waiting = (SubledgerStatus.PENDING, SubledgerStatus.NEEDS_ATTENTION)
    return OpenClaims(rows=[_cells(row, request.currency) for row in await ledger.query() if row.status in waiting])


@activity.defn(name="expense_claims.settle")
async def settle(decision: Settlement) -> LedgerTotals:
    """Writes a decision to the ledger; each statement leaves alone what it has changed before."""
    ledger, db = await _open(decision.scope)
    for cells in decision.corrected:
        values = _columns({field: cells[field] for field in FIELDS})
        await db.execute(
            """
            update ledgers.expense_claims
            set claimant = $3, vendor = $4, expense_date = $5, amount = $6, currency = $7, notes = $8,
                status = 'PENDING', validation_errors = null, updated_at = now()
            where id = $1 and task_id = $2 and status in ('PENDING', 'NEEDS_ATTENTION')
            """,
            UUID(cells["id"]),
            decision.scope.task_id,
            *(values[field] for field in FIELDS),
        )
    await ledger.mark_rejected(ids=decision.rejected)
    await ledger.mark_approved(ids=decision.approved)
    return _totals(await ledger.query())


async def _open(scope: LedgerScope) -> tuple[SubledgerHandle, DataPlane]:
    db = await get_data_plane(scope.tenant_slug)
    return subledger.open(name="expense_claims", entity_id=scope.entity_id, task_id=scope.task_id, db=db), db


def _columns(cells: Cells) -> dict[str, object]:
    """Cells as the ledger's columns hold them."""
    readers: dict[str, Callable[[str], object]] = {"expense_date": date.fromisoformat, "amount": Decimal}
    return {field: readers[field](text) if field in readers else text for field, text in cells.items()}


def _cells(row: Any, currency: str) -> Cells:
    """A row of the ledger as people see it: what could not be kept in its column, as it was sent."""
    sent = cells_of(row.raw_payload or {}, currency)
    kept = {field: getattr(row, field) for field in FIELDS}
    cells = {field: sent[field] if value is None else str(value) for field, value in kept.items()}
    problems = {error["field"]: error["message"] for error in row.validation_errors or []}
    return {"id": str(row.id), **cells, "status": row.status.value, "problem": told(problems)}


def _totals(rows: list[Any]) -> LedgerTotals:
    amounts: dict[str, list[Decimal]] = defaultdict(list)
    for row in rows:
        if row.status == SubledgerStatus.APPROVED:
            amounts[row.currency].append(row.amount)
    return LedgerTotals(
        approved=sum(map(len, amounts.values())),
        rejected=sum(row.status == SubledgerStatus.REJECTED for row in rows),
        totals={currency: str(total(amounts[currency])) for currency in sorted(amounts)},
    )
