"""The examples of every answer (``packages/contract/golden``): what the published SDK's models read, and what this host writes."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from ntro.types.wire import PendingAction, StepDescriptor
from pydantic import AfterValidator, BaseModel, ConfigDict

GOLDEN = Path(__file__).resolve().parents[2] / "packages" / "contract" / "golden"
FILES = sorted(GOLDEN.rglob("*.json"))


def _utc(text: str) -> str:
    """A time as JavaScript writes it: UTC, milliseconds, ``Z``."""
    if datetime.fromisoformat(text).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z" != text:
        raise ValueError("not a UTC time with milliseconds")
    return text


Time = Annotated[str, AfterValidator(_utc)]


class Shape(BaseModel):
    """These keys and no others."""

    model_config = ConfigDict(extra="forbid")


class Step(Shape):
    id: str
    title: str
    icon: str | None = None
    status: Literal["pending", "active", "completed", "failed"]
    started_at: Time | None = None
    ended_at: Time | None = None


class Slot(Shape):
    source: str
    title: str | None = None
    accept: list[str]
    max_size_mb: float
    status: Literal["pending", "processing", "completed", "failed"]
    document: dict[str, Any] | None = None


class Edit(Shape):
    row_id: str
    field: str
    old_value: Any = None
    new_value: Any
    by: str
    at: Time


class Gate(Shape):
    token: str
    kind: Literal["submit_file", "submit_files", "interactive_review"]
    step_id: str
    opened_at: Time
    due_at: Time | None = None
    title: str
    reason_required: bool
    slots: list[Slot] | None = None
    edits: list[Edit] | None = None
    rejected_rows: list[str] | None = None
    action: PendingAction


class Child(Shape):
    workflow_id: str
    run_id: str | None = None
    slug: str
    step_id: str
    status: Literal["running", "completed", "failed"]


class Feedback(Shape):
    kind: str
    level: Literal["info", "warning", "error"]
    payload: Any


class Snapshot(Shape):
    display_hint: dict[str, Any]
    completed_at: Time
    payload: Any = None
    decision: Any = None


class State(Shape):
    seq: int
    steps: list[Step]
    current_step: str | None
    gates: list[Gate]
    children: list[Child]
    feedback: Feedback | None
    snapshots: dict[str, Snapshot]


class UiState(Shape):
    current_step_id: str | None
    steps_completed: list[str]
    children: dict[str, list[dict[str, str]]]
    pending_payload: Any


class Answers(Shape):
    current_pending_action: PendingAction | None
    current_steps: list[StepDescriptor]
    current_ui_state: UiState
    step_snapshots: dict[str, Snapshot]
    children_by_step_id: dict[str, list[dict[str, str]]]
    ntro_state: State


def test_there_are_examples() -> None:
    assert {file.stem for file in FILES} >= {"review", "submit-file", "submit-files", "children", "ended"}


@pytest.mark.parametrize("file", FILES, ids=[file.relative_to(GOLDEN).as_posix() for file in FILES])
def test_an_example_has_the_shapes_that_published_clients_read(file: Path) -> None:
    answers = Answers.model_validate_json(file.read_bytes())
    assert answers.model_dump(mode="json", exclude_unset=True) == json.loads(file.read_bytes())
