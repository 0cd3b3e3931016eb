"""Answers to gates: checked, handed to the author's code, and settled with exactly the gate that they name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import ValidationError
from temporalio import workflow
from temporalio.exceptions import ApplicationError

from .author_code import ArgumentUnfit, call_handler, signal_handler
from .dialects import row_action, superset
from .failures import ending
from .gate import Gate
from .messages import DecideUpdate, Json, RowActionUpdate, what_is_wrong
from .refusal import Refused, refuse
from .slots import display_config
from .state import Handling, TaskState, handling, scoped

USER_ACTION = "user_action"


class Answers:
    """Takes the answers of one run. What is not fit to be taken is :class:`Refused`, and nothing changes."""

    def __init__(self, state: TaskState, bundle: Path | None) -> None:
        """:param bundle: where the author's files are; None where that is known only once the run has begun"""
        self.state = state
        self.bundle = bundle

    def find(self, token: str) -> Gate:
        """The open gate of a token."""
        gate = self.state.gates.get(token)
        if gate is None or not gate.shows:
            refuse("GATE_NOT_OPEN", "This gate is not open: it was answered already, or never opened here.")
        return gate

    def check_decision(self, update: DecideUpdate) -> Gate:
        """The review that a decision may go to."""
        gate = self.find(update.gate)
        if not gate.is_review:
            refuse("GATE_NOT_OPEN", f'"{gate.title}" waits for a file, not for a decision.')
        self._require_free(gate)
        if update.type == "rejected" and not (update.reason or "").strip():
            refuse("REASON_REQUIRED", "A rejection needs a reason.")
        if update.type == "approved":
            gate.rows.require_corrections(_given(update))
        return gate

    async def decide(self, update: DecideUpdate) -> None:
        """Hands a decision over."""
        gate = self.check_decision(update)
        answer = superset(
            update.type,
            gate=gate.token,
            reason=update.reason,
            corrections=_given(update),
            actor=update.actedBy.model_dump(),
            at=update.at,
        )
        await self.hand_over(gate, answer)

    async def hand_over(self, gate: Gate, answer: Json) -> None:
        """Gives an answer to the author's code, and with an approval the changes to rows that the host kept for it."""
        if answer["type"] == "approved":
            kept = superset("approved", gate="", reason=None, corrections=gate.rows.kept_corrections(), actor={}, at="")
            answer = {**answer, "corrections": [*kept["corrections"], *answer["corrections"]]}
            if gate.rows.rejected_by_host():
                answer["rejected_rows"] = gate.rows.rejected_by_host()
        if gate.origin == "condition":
            gate.answer = answer
        await self._call(gate, Handling(gate=gate), answer)
        if gate.origin == "hand" and not gate.settled:
            gate.settle(answer)
        self.settle_what_holds()
        if gate.origin == "review" and not gate.settled:
            refuse(
                "REQUEST_INVALID", "The runbook's own handler of answers did not take this one; the gate is still open."
            )
        self.state.changed()

    def check_row(self, gate: Gate, change: Json) -> Json | None:
        """The edit that a change to a row amounts to; None where it rejects or restores one."""
        if not gate.is_review:
            refuse("GATE_NOT_OPEN", f'"{gate.title}" has no rows to change.')
        self._require_free(gate)
        return gate.rows.require_change(change, can_restore=not _has_row_hook(workflow.instance()))

    async def change_row(self, gate: Gate, change: Json, actor: Json, at: str) -> None:
        """Changes a row: at once by the author's hook, which may refuse; without one it is kept and handed over with the approval."""
        edit = self.check_row(gate, change)
        now = Handling(gate=gate, change=change)
        before = _copy(gate.action.get("payload"))
        ledger = display_config(gate.action).get("ledger")
        asked = row_action(change, ledger=ledger, gate=gate.token, actor=actor, at=at)
        try:
            await self._call(gate, now, asked)
        except ApplicationError as refused:
            _put_back(gate, before)
            refuse("CORRECTION_REFUSED", refused.message)
        except ValidationError as unfit:
            _put_back(gate, before)
            refuse("CORRECTION_REFUSED", f"The change does not fit: {what_is_wrong(unfit)}")
        except Exception as error:
            _put_back(gate, before)
            refuse("CORRECTION_REFUSED", f"The change could not be made: {error or type(error).__name__}")
        host = now.taken and not _has_row_hook(workflow.instance())
        gate.rows.keep(change, edit, by=str(actor["name"]), at=at, host=host)
        self.settle_what_holds()
        self.state.changed()

    def settle_what_holds(self) -> None:
        """Closes to further answers whatever the author waits for and now has."""
        for gate in self.state.open_gates():
            if gate.origin == "condition" and gate.holds():
                for slot in gate.slots or ():
                    slot.status = "completed"
                gate.settle(gate.answer)
                self.state.changed()

    async def _call(self, gate: Gate, now: Handling, argument: Json) -> None:
        fn = signal_handler(USER_ACTION)
        if fn is None:
            refuse("REQUEST_INVALID", "The runbook takes no answers: its class does not extend NtroWorkflow.")
        gate.busy = True
        try:
            with scoped(handling, now):
                await call_handler(fn, argument)
                for result in now.pending:
                    await result
        except ArgumentUnfit as unfit:
            refuse("REQUEST_INVALID", f"The runbook's handler of answers takes another form: {unfit}")
        except Exception as error:
            self.refuse_if_meant(error)
            raise
        finally:
            gate.busy = False

    def refuse_if_meant(self, error: Exception) -> None:
        """What the author's handler raises on purpose refuses what it was given; a bug stays one."""
        ends = ending(error, self.bundle)
        if isinstance(error, Refused) or not isinstance(ends, ApplicationError) or isinstance(error, TimeoutError):
            return
        raise Refused("REQUEST_INVALID", ends.message) from error

    def _require_free(self, gate: Gate) -> None:
        if gate.busy:
            refuse("GATE_NOT_OPEN", f'"{gate.title}" is being answered right now.')


def change_in(update: RowActionUpdate) -> Json:
    """The change that an update asks for, without who asked and when."""
    given = update.model_dump(exclude_unset=True)
    return {key: given[key] for key in ("action", "row_id", "field", "value", "old_value") if key in given}


def _given(update: DecideUpdate) -> list[Json]:
    return [correction.model_dump(exclude_unset=True) for correction in update.corrections]


def _has_row_hook(instance: Any) -> bool:
    """Whether the author has a row hook of their own."""
    return not getattr(type(instance).on_row_action, "__ntro_host__", False)


def _copy(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _copy(inner) for key, inner in value.items()}
    return [_copy(inner) for inner in value] if isinstance(value, list) else value


def _put_back(gate: Gate, before: Any) -> None:
    """Undoes what a hook that refused had changed in the payload, in the author's own object where that is possible."""
    present = gate.action.get("payload")
    if isinstance(present, dict) and isinstance(before, dict):
        present.clear()
        present.update(before)
    elif isinstance(present, list) and isinstance(before, list):
        present[:] = before
    elif before is not None:
        gate.action["payload"] = before
