"""The signal by which an execution is told that it goes on with the code of another revision. Bundles never see it."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field, ValidationError
from temporalio import workflow

from .state import TaskState

REPAIRED = "ntro_repaired"
"""Its name (``REPAIRED_SIGNAL`` of ``packages/contract/src/names.ts``)."""


class LockEntry(BaseModel):
    """What a child is started as."""

    type: str
    queue: str


class RepairedSignal(BaseModel):
    """Its argument, as ``packages/contract/src/protocol.ts`` has it."""

    number: int = Field(gt=0)
    type: str
    lock: dict[str, LockEntry]


def repaired(argument: object) -> RepairedSignal | None:
    """The argument as JSON or as text of JSON; None for what only looks like the signal."""
    try:
        if isinstance(argument, (bytes, str)):
            return RepairedSignal.model_validate_json(argument)
        return RepairedSignal.model_validate(argument)
    except ValidationError:
        return None


def serve_repairs(state: TaskState) -> None:
    """
    Takes the signal: children that are started later are those of its lock. The host sees it too and changes the code; nothing else comes of it here, and it is
    no work of the task's.
    """

    def handle(argument: Any = None) -> None:
        told = repaired(argument)
        if told is not None:
            state.lock_changes.update(told.model_dump()["lock"])

    workflow.set_signal_handler(REPAIRED, handle)
