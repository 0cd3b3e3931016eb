"""Registers ``ntro_state`` and the updates, for every workflow and before its first line runs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from temporalio import workflow

from .answers import Answers, change_in
from .files import Files
from .messages import DecideUpdate, IngestUpdate, Json, RowActionUpdate, SubmitUpdate, Update, parsed

STATE, DECIDE, SUBMIT, ROW_ACTION, INGEST = "ntro_state", "ntro_decide", "ntro_submit", "ntro_row_action", "ntro_ingest"


def serve(answers: Answers, files: Files) -> None:
    """Makes a run answer the platform."""

    def state() -> Any:
        return answers.state.read()

    def check_row(update: RowActionUpdate) -> None:
        gate = answers.find(update.gate)
        answers.check_row(gate, change_in(update))
        # Only here and not when it is applied: a rejection that was once accepted stands at every replay.
        if update.action == "reject_row":
            gate.rows.require_rejectable(update.row_id)

    async def change_row(update: RowActionUpdate) -> None:
        gate = answers.find(update.gate)
        await answers.change_row(gate, change_in(update), update.actedBy.model_dump(), update.at)

    workflow.set_query_handler(STATE, state)
    _serve_update(DECIDE, DecideUpdate, answers.check_decision, answers.decide)
    _serve_update(SUBMIT, SubmitUpdate, files.check, files.submit)
    _serve_update(ROW_ACTION, RowActionUpdate, check_row, change_row)
    _serve_update(INGEST, IngestUpdate, files.check_records, files.ingest)


def _serve_update(
    name: str, model: type[Update], check: Callable[[Update], object], apply: Callable[[Update], Awaitable[None]]
) -> None:
    """An update is checked before it is accepted, and again when it is applied: another answer may have come in between."""

    async def handle(argument: Any = None) -> Json:
        await apply(parsed(name, model, argument))
        return {"accepted": True}

    def validate(argument: Any = None) -> None:
        check(parsed(name, model, argument))

    workflow.set_update_handler(name, handle, validator=validate)
