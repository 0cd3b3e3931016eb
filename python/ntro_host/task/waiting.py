"""The waiting helpers of ``NtroWorkflow``: they open a gate, wait, keep what was shown and answered, and close it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

from ntro.types.wire import PendingAction
from temporalio import workflow

from .checks import checked
from .clock import timestamp_in
from .gate import Gate, Origin
from .messages import Json
from .state import TaskState, state_here


class Waiting:
    """
    Replacements for methods of ``NtroWorkflow`` of ntro 0.1.2, with the same signatures.

    There, one gate can be open at a time, an answer that comes when none is open is kept for the next, and only the first gate of a step is remembered.
    """

    _ai_config: Json | None

    async def wait_for_action(
        self,
        *,
        payload: Any | None = None,
        display_hint: Json | None = None,
        reason: str | None = None,
        checks_spec: Sequence[Any] | None = None,
        checks_baseline: Json | None = None,
        checks_submitted: Json | None = None,
    ) -> Json:
        """Asks for a decision and gives the answer: the superset of all published dialects."""
        state = state_here()
        shown = as_payload(payload)
        action = PendingAction.model_validate(
            {
                "kind": "interactive_review",
                "tools": ["ntro_task_approve", "ntro_task_reject"],
                "display_hint": display_hint or {"component": "APPROVAL_FORM", "config": {}},
                "reason": reason,
            }
        ).model_dump(mode="json", exclude_none=True)
        if shown is not None:
            # The author's own object, not a copy: what their row hook changes in it has to show.
            action["payload"] = shown
        gate = new_gate(state, action, "review")
        state.open(gate)
        try:
            if state.kept_answer is not None:
                gate.settle(state.kept_answer)
            submitted = checks_submitted or (shown if isinstance(shown, dict) else {})
            async with checked(
                action,
                checks_spec,
                submitted=submitted,
                baseline=checks_baseline,
                ai=self._ai_config,
                changed=state.changed,
            ):
                await workflow.wait_condition(lambda: self._drained() or gate.settled)
            state.keep_snapshot(
                gate.step_id, action.get("display_hint"), payload=gate.rows.payload(), decision=gate.answer
            )
            answer: Json = gate.answer
            state.kept_answer = None
            if state.received is answer:
                state.received = None
            return answer
        finally:
            state.close(gate)

    async def await_signal_with_action(
        self,
        *,
        predicate: Callable[[], bool],
        action: Json,
        timeout: timedelta | None = None,
        display_hint: Json | None = None,
        checks_spec: Sequence[Any] | None = None,
        checks_baseline: Json | None = None,
        checks_submitted: Json | None = None,
    ) -> None:
        """Waits until ``predicate`` holds and shows ``action`` meanwhile. Raises ``TimeoutError`` after ``timeout``."""
        state = state_here()
        merged = dict(action)
        if display_hint is not None:
            merged["display_hint"] = display_hint
        elif merged.get("kind") == "submit_file":
            merged.setdefault("display_hint", {"component": "FILE_UPLOAD", "config": {}})
        PendingAction.model_validate(merged)
        due_at = None if timeout is None else timestamp_in(timeout)
        gate = new_gate(state, merged, "condition", predicate=predicate, due_at=due_at)
        state.open(gate)
        try:
            async with checked(
                merged,
                checks_spec,
                submitted=checks_submitted or {},
                baseline=checks_baseline,
                ai=self._ai_config,
                changed=state.changed,
            ):
                await workflow.wait_condition(lambda: gate.settled or gate.holds(), timeout=timeout)
            gate.settle(gate.answer)
            shown = gate.rows.payload() if gate.is_review else None
            if shown is None:
                shown = {"args": merged.get("args"), "reason": merged.get("reason")}
            files = [slot.file() for slot in gate.slots or () if slot.document is not None]
            decision = {"submitted": files} if gate.answer is None and files else gate.answer
            state.keep_snapshot(
                gate.step_id, gate.published(None).get("display_hint"), payload=shown, decision=decision
            )
        finally:
            state.close(gate)

    def _drained(self) -> bool:
        self._drain_row_actions()
        return False

    def _drain_row_actions(self) -> None:
        raise NotImplementedError


def new_gate(state: TaskState, action: Json, origin: Origin, **given: Any) -> Gate:
    """A gate of the step whose code asks for it; opened by ``state.open``."""
    step_id = state.step or ""
    if origin != "hand":
        # Whatever an earlier gate was answered with answers no other.
        state.received = None
    return Gate(
        action, step_id=step_id, step_title=state.steps.title(step_id), origin=origin, feedback=state.feedback, **given
    )


def as_payload(payload: Any) -> Any:
    """What is shown of a payload: a model as JSON, anything else as it is."""
    return payload.model_dump(mode="json") if hasattr(payload, "model_dump") else payload
