"""What goes in and out: the start parameters, what was received, what is reviewed, what the task results in."""

from typing import Any, Literal
from uuid import UUID

from ntro.types import CurrencyCode, Period
from pydantic import BaseModel, Field

Cells = dict[str, str]
"""A claim as people see and correct it: text, amounts as decimals such as ``"12.50"``; with id, status and problem."""


class ClaimsContext(BaseModel):
    """The start parameters and, added by the platform, for whom."""

    tenant_slug: str
    entity_id: UUID
    entity_slug: str
    period: Period = Field(description="The month of the claims, YYYY-MM")
    currency: CurrencyCode = Field("GBP", description="Of claims that name none")


class Submission(BaseModel):
    """A file that was submitted, as the signal ``document_submitted`` tells of it."""

    document_ref: str
    filename: str


class SubmittedRecord(BaseModel):
    """A row that was submitted as data, as the signal ``data_submitted`` tells of it."""

    event_id: str
    kind: str | None
    data: dict[str, Any]


class Received(BaseModel):
    """One claim as it came. ``source_ref`` says from where: ``event:<id>`` of data, ``doc:<id>:<line>`` of a file."""

    source_ref: str
    data: dict[str, Any]


class FileRequest(BaseModel):
    """A file to read."""

    tenant_slug: str
    submission: Submission


class FileRows(BaseModel):
    """The claims of a file."""

    status: Literal["read"] = "read"
    rows: list[Received]


class NotRead(BaseModel):
    """A file that cannot be used, and why."""

    status: Literal["unusable"] = "unusable"
    problem: str


class LedgerScope(BaseModel):
    """Whose rows of the ledger a task writes."""

    tenant_slug: str
    entity_id: UUID
    task_id: UUID
    period: Period


class RecordRequest(BaseModel):
    """Claims to put into the ledger."""

    scope: LedgerScope
    currency: CurrencyCode
    received: list[Received]


class OpenClaims(BaseModel):
    """The task's claims that wait for a decision."""

    rows: list[Cells]


class Settlement(BaseModel):
    """A decision: claims as they were corrected, and the ids of those approved and rejected."""

    scope: LedgerScope
    corrected: list[Cells]
    approved: list[UUID]
    rejected: list[UUID]


class LedgerTotals(BaseModel):
    """What the task has in the ledger. ``totals`` are of approved claims, by currency, such as ``{"GBP": "92.50"}``."""

    approved: int
    rejected: int
    totals: dict[str, str]


class ClaimsResult(LedgerTotals):
    """What the runbook results in; the claims stay in the ledger."""

    period: Period
    approved_by: str
