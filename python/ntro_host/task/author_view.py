"""The private attributes of ``NtroWorkflow`` that bundles read and set, and the published queries."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

from temporalio import workflow

from .gate import Gate
from .messages import Json
from .state import Child, TaskState, handling, state_here, step_here
from .steps import decorated_steps
from .waiting import as_payload, new_gate


class AuthorView:
    """
    Replacements for attributes and queries of ``NtroWorkflow`` of ntro 0.1.2. Each attribute keeps its meaning; what is set by hand is as good as what the
    helpers set, so that a gate that author code opens by itself has a token too.
    """

    @property
    def _current_step_id(self) -> str | None:
        return state_here().step

    @_current_step_id.setter
    def _current_step_id(self, step_id: str | None) -> None:
        state_here().steps.set_by_hand(step_id)
        step_here.set(step_id)

    @property
    def _steps_completed(self) -> list[str]:
        return state_here().steps.completed

    @_steps_completed.setter
    def _steps_completed(self, ids: Iterable[str]) -> None:
        state_here().steps.replace_completed(ids)

    @property
    def _step_snapshots(self) -> dict[str, Json]:
        return state_here().snapshots

    @_step_snapshots.setter
    def _step_snapshots(self, snapshots: dict[str, Json]) -> None:
        state_here().snapshots = snapshots

    @property
    def _children_by_step_id(self) -> dict[str, list[Child]]:
        return by_step(state_here())

    @_children_by_step_id.setter
    def _children_by_step_id(self, children: object) -> None:
        """Nothing: which children there are is the host's account."""

    @property
    def _user_feedback(self) -> Json | None:
        return state_here().feedback

    @_user_feedback.setter
    def _user_feedback(self, feedback: Json | None) -> None:
        state = state_here()
        if feedback is not state.feedback:
            state.feedback = feedback
            state.changed()

    @property
    def _received_user_action(self) -> Any:
        return state_here().received

    @_received_user_action.setter
    def _received_user_action(self, action: Any) -> None:
        receive(state_here(), action)

    @property
    def _pending_payload(self) -> Any:
        state = state_here()
        gate = _payload_gate(state)
        return state.payload if gate is None else gate.payload

    @_pending_payload.setter
    def _pending_payload(self, payload: Any) -> None:
        state = state_here()
        gate = _payload_gate(state)
        if gate is None:
            state.payload = payload
        else:
            gate.action["payload"] = payload
            state.require_room(gate)
        state.changed()

    @property
    def _pending_action(self) -> Json | None:
        gate = state_here().newest()
        return None if gate is None else gate.action

    @_pending_action.setter
    def _pending_action(self, action: Any) -> None:
        _open_by_hand(state_here(), as_payload(action))

    def _set_pending_payload(self, payload: Any) -> None:
        """Shows a payload."""
        self._pending_payload = as_payload(payload)

    def _capture_step_snapshot(self, *, display_hint: Json | None, payload: Any = None, decision: Any = None) -> None:
        """Keeps how the current step ended."""
        state = state_here()
        if state.step:
            state.keep_snapshot(state.step, display_hint, payload=as_payload(payload), decision=decision)

    def set_user_feedback(
        self, *, kind: str, payload: Any, level: Literal["info", "warning", "error"] = "info"
    ) -> Json:
        """Tells people something about what they gave; shown at the open gates, and at the next one."""
        data = as_payload(payload)
        feedback: Json = {"kind": kind, "level": level, "payload": data if isinstance(data, dict) else {"value": data}}
        self._user_feedback = feedback
        return feedback

    @workflow.query
    def current_ui_state(self) -> Json:
        """The published query."""
        state = state_here()
        gate = next(iter(state.open_gates()), None)
        shown = state.payload if gate is None else gate.published(None).get("payload")
        return {
            "current_step_id": state.steps.current,
            "steps_completed": list(state.steps.completed),
            "children": {
                step_id: [{"run_id": child.run_id, "slug": child.slug, "status": child.status} for child in group]
                for step_id, group in by_step(state).items()
            },
            "pending_payload": shown,
        }

    @workflow.query
    def step_snapshots(self) -> dict[str, Json]:
        """The published query."""
        return dict(state_here().snapshots)

    @workflow.query
    def children_by_step_id(self) -> dict[str, list[Json]]:
        """The published query."""
        return {
            step_id: [
                {"workflow_id": child.workflow_id, "run_id": child.run_id, "slug": child.slug, "status": child.status}
                for child in group
            ]
            for step_id, group in by_step(state_here()).items()
        }

    @workflow.query
    def current_steps(self) -> list[Json]:
        """The published query: the decorated steps, none where nothing is decorated."""
        states = {step.id: step for step in state_here().steps.all}
        return [
            {
                "id": declared.id,
                "title": declared.title,
                "status": states[declared.id].status if declared.id in states else "pending",
                **({} if not declared.icon else {"icon": declared.icon}),
            }
            for declared in decorated_steps(type(self))
        ]

    @workflow.query
    def current_pending_action(self) -> Json | None:
        """The published query: what the oldest open gate shows, else the running children to look into."""
        state = state_here()
        gate = next((gate for gate in state.gates.values() if not gate.settled), None)
        return _drill_down(state) if gate is None else gate.published(state.feedback)


def receive(state: TaskState, action: Any) -> None:
    """
    What assigning ``self._received_user_action`` means: an answer to the gate that is being answered, else to the only open review. Answers that come by
    signal while none is open are lost; one that the author's own main code gives before it waits is kept for that wait.
    """
    if action is None:
        state.received = state.kept_answer = None
        return
    now = handling.get()
    if now is not None and now.mute:
        return
    reviews = [gate for gate in state.open_gates() if gate.is_review]
    gate = (
        now.gate
        if now is not None and now.gate is not None
        else next(iter(reviews), None)
        if len(reviews) == 1
        else None
    )
    if gate is None:
        if now is None:
            state.received = state.kept_answer = action
        return
    state.received = gate.answer = action
    if gate.origin != "condition":
        gate.settle(action)
    if now is not None:
        now.taken = True
    state.changed()


def by_step(state: TaskState) -> dict[str, list[Child]]:
    """The children of each step, in the order they were started."""
    groups: dict[str, list[Child]] = {}
    for child in state.children:
        groups.setdefault(child.step_id, []).append(child)
    return groups


def _payload_gate(state: TaskState) -> Gate | None:
    """The open review whose payload ``self._pending_payload`` is; None where the author keeps the payload apart from a gate of their own making."""
    gate = state.newest()
    if gate is None or not gate.is_review:
        gate = next((other for other in reversed(state.gates.values()) if other.is_review), None)
    return gate if gate is not None and (gate.origin == "review" or "payload" in gate.action) else None


def _open_by_hand(state: TaskState, action: Any) -> None:
    by_hand = next((gate for gate in state.gates.values() if gate.origin == "hand"), None)
    if not isinstance(action, dict):
        if by_hand is not None:
            state.close(by_hand)
        return
    if by_hand is not None and not by_hand.settled and _same_question(by_hand.action, action):
        by_hand.describe(action)
        state.require_room(by_hand)
        state.changed()
        return
    if by_hand is not None:
        state.close(by_hand)
    state.open(new_gate(state, action, "hand", outer_payload=lambda: state.payload))


def _same_question(before: Json, action: Json) -> bool:
    """Author code that sets the same again, with other statuses in it, asks nothing new."""
    return all(before.get(key) == action.get(key) for key in ("kind", "args", "reason", "tool"))


def _drill_down(state: TaskState) -> Json | None:
    running = [child for child in state.children if child.status == "running"]
    if not running:
        return None
    return {
        "kind": "drill_down",
        "reason": f"Workflow is awaiting {len(running)} child workflow(s); the agent action lives on the child.",
        "children": [{"task_id": child.workflow_id, "step_id": child.step_id, "slug": child.slug} for child in running],
    }
