"""What goes in and out: the start parameters, what a file was read as, what was committed."""

from typing import Any, Literal

from ntro.types import Period
from pydantic import BaseModel, Field

Row = dict[str, str]
"""A row as people see and correct it: text, amounts as decimals such as ``"1250.00"``. ``id`` names the row."""


class IngestContext(BaseModel):
    """The start parameters and, added by the platform, for whom and with which AI."""

    tenant_slug: str
    entity_slug: str
    period: Period = Field(description="The month the document is of, YYYY-MM")
    source: str = Field(min_length=1, description="What the file is called where it is asked for")
    schema_slug: str = Field(min_length=1, description="trial-balance, rent-roll, or any name of what AI is to read")
    title: str = Field("", description="What people are asked for; follows from the schema unless it is given")
    ai: dict[str, Any] | None = None

    @property
    def has_ai(self) -> bool:
        """Whether the tenant or the entity has AI configured."""
        return bool(self.ai and self.ai.get("provider"))


class Submission(BaseModel):
    """A file that was submitted, as the signal ``document_submitted`` tells of it."""

    document_ref: str
    filename: str
    content_type: str


class Column(BaseModel):
    """A column of the review."""

    key: str
    label: str
    type: Literal["text", "currency", "number"] = "text"
    editable: bool = False


CONFIDENCE = Column(key="confidence", label="Confidence", type="number")
"""Shown beside the columns of rows that AI has read, and only there."""


class ReadRequest(BaseModel):
    """The file to read, and as what."""

    tenant_slug: str
    submission: Submission
    schema_slug: str
    ai: dict[str, Any] | None = None


class FileFacts(BaseModel):
    """What the file is, by its bytes."""

    size_bytes: int
    sha256: str


class Reading(BaseModel):
    """The rows of a file, and whether code or AI has read them; AI gives each a confidence from 0 to 1."""

    status: Literal["read"] = "read"
    rows: list[Row]
    read_by: Literal["code", "ai"] = "code"
    remarks: list[str] = []
    file: FileFacts


class NotRead(BaseModel):
    """A file that gave no rows. AI may still read one whose form is unknown; an unusable one has to be replaced."""

    status: Literal["unknown_form", "unusable"]
    problem: str


class Correction(BaseModel):
    """A cell that somebody changed, as published readers of ``ingest.extracted_payloads`` expect it."""

    line_item_id: str
    field: str
    old_value: str
    new_value: str


class Approval(BaseModel):
    """The rows as they were approved, what was changed for it, and by whom."""

    rows: list[Row]
    corrections: list[Correction]
    approved_by: str


class CommitRequest(BaseModel):
    """What to write, and for whom."""

    tenant_slug: str
    entity_slug: str
    task_id: str
    period: Period
    source: str
    schema_slug: str
    submission: Submission
    file: FileFacts
    read_by: Literal["code", "ai"]
    approval: Approval


class IngestedDocument(BaseModel):
    """What the runbook results in: where the file and its rows are. The rows stay in the database."""

    document_ref: str
    record_id: str
    source: str
    schema_slug: str
    period: Period
    filename: str
    content_type: str
    size_bytes: int
    sha256: str
    row_count: int
    correction_count: int
    read_by: Literal["code", "ai"]
    totals: dict[str, str]
    approved_by: str
