"""What the server tells workflow code by update, as ``packages/contract/src/protocol.ts`` has it."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from .refusal import refuse

Json = dict[str, Any]


class Actor(BaseModel):
    """Who acted; ``via`` tells a person from an agent acting for one."""

    id: str
    name: str
    via: Literal["person", "agent", "system"] = "person"


SENDER: Json = {"id": "signal", "name": "Signal", "via": "system"}
"""Who acted where a signal does not say it."""


class Correction(BaseModel):
    """A change to one cell. ``old_value`` is what the person saw; it is compared only where it is given."""

    model_config = ConfigDict(extra="allow")

    row_id: str
    field: str
    old_value: Any = None
    new_value: Any = None


class DecideUpdate(BaseModel):
    """The argument of ``ntro_decide``: the superset that every dialect of the published SDK reads, and the gate it answers."""

    gate: str
    type: Literal["approved", "rejected"]
    kind: Literal["approve", "reject"]
    action: Literal["approve", "reject"]
    reason: str | None
    comments: str | None
    corrections: list[Correction]
    actedBy: Actor
    at: str


class SubmitUpdate(BaseModel):
    """The argument of ``ntro_submit``: a file in the tenant's database, and the gate it is for."""

    gate: str
    document_ref: str
    source: str
    filename: str
    content_type: str
    size_bytes: Annotated[int, Field(ge=0)]
    sha256: str
    tenant_slug: str
    entity_slug: str
    actedBy: Actor
    at: str


class RowActionUpdate(BaseModel):
    """The argument of ``ntro_row_action``, while a review is open."""

    gate: str
    action: Literal["edit_cell", "reject_row", "restore_row"]
    row_id: str
    field: str | None = None
    value: Any = None
    old_value: Any = None
    actedBy: Actor
    at: str


class SubmittedRecord(BaseModel):
    """Rows that were submitted as data: one for each row, as the published signal ``data_submitted`` has it."""

    event_id: str
    kind: str | None
    tenant_slug: str
    entity_slug: str
    source_ref: dict[str, Any] | None
    data: dict[str, Any]
    received_at: str


class IngestUpdate(BaseModel):
    """The argument of ``ntro_ingest``. It names no gate."""

    records: Annotated[list[SubmittedRecord], Field(min_length=1)]
    actedBy: Actor
    at: str


Update = TypeVar("Update", bound=BaseModel)


def parsed(name: str, model: type[Update], argument: object) -> Update:
    """An update's argument, checked. Refuses what has another form with ``REQUEST_INVALID``."""
    try:
        return model.model_validate(argument)
    except ValidationError as error:
        refuse("REQUEST_INVALID", f"The answer has not the form of {name}: {what_is_wrong(error)}")


def what_is_wrong(error: ValidationError) -> str:
    """Which fields are wrong and why, without the values that were given."""
    return "; ".join(
        f"{'.'.join(str(part) for part in fault['loc']) or 'it'}: {fault['msg']}"
        for fault in error.errors(include_url=False, include_input=False, include_context=False)
    )
