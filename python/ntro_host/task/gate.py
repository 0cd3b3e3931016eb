"""One moment of waiting for a person."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal

from pydantic_core import to_jsonable_python
from temporalio import workflow

from .clock import timestamp
from .limits import json_bytes
from .messages import Json
from .rows import ReviewRows
from .slots import Slot, display_config, slots_of

Origin = Literal["review", "condition", "collection", "hand"]
"""
How a gate came to be: ``wait_for_action``, ``await_signal_with_action``, ``collect_documents``, or author code that sets ``self._pending_action``.
"""

GATE_KINDS = ("submit_file", "submit_files", "interactive_review")
_COMPONENTS = {"submit_file": "FILE_UPLOAD", "submit_files": "MULTI_FILE_UPLOAD", "interactive_review": "APPROVAL_FORM"}


class Gate:
    """
    One opening of a pending action. Its token is shared with no other, so an answer can never reach another gate.

    ``action`` is the author's own description, the same object as ``self._pending_action``: what their code changes in it, shows.
    """

    def __init__(
        self,
        action: Json,
        *,
        step_id: str,
        step_title: str,
        origin: Origin,
        predicate: Callable[[], bool] | None = None,
        due_at: str | None = None,
        feedback: Json | None = None,
        outer_payload: Callable[[], Any] = lambda: None,
    ) -> None:
        self.token = str(workflow.uuid4())
        self.action = action
        self.step_id = step_id
        self.origin = origin
        self.predicate = predicate
        self.given_feedback = feedback
        self.opened_at = timestamp()
        self.due_at = due_at
        self.settled = False
        self.busy = False
        """An answer is being handed to the author's code, which may take its time."""
        self.answer: Any = None
        self._step_title = step_title
        self._outer_payload = outer_payload
        self.slots: list[Slot] | None = slots_of(action)
        self.rows = ReviewRows(lambda: (display_config(self.action), to_jsonable_python(self.payload)))

    def bytes(self) -> int:
        """How much it shows now, as JSON. Raises for what is not JSON."""
        return json_bytes(self.action)

    def describe(self, action: Json) -> None:
        """Shows another description of the same question; files that came stay."""
        self.action = action
        taken = {slot.source: slot for slot in self.slots or () if slot.document is not None}
        fresh = slots_of(action)
        self.slots = None if fresh is None else [taken.get(slot.source, slot) for slot in fresh]

    @property
    def kind(self) -> str:
        """The kind of its pending action."""
        return str(self.action.get("kind"))

    @property
    def is_review(self) -> bool:
        """Whether it waits for a decision."""
        return self.kind == "interactive_review"

    @property
    def payload(self) -> Any:
        """What the author lets people see, without our edits."""
        return self.action["payload"] if "payload" in self.action else self._outer_payload()

    @property
    def title(self) -> str:
        """What is asked, in one line."""
        for text in (display_config(self.action).get("title"), self.action.get("reason"), self._step_title):
            if isinstance(text, str) and text.strip():
                return text.strip()
        sources = ", ".join(slot.source for slot in self.slots or ())
        return f"Submit {sources}" if sources else "Review"

    @property
    def component(self) -> str:
        """The component that shows it."""
        hint = self.action.get("display_hint")
        named = hint.get("component") if isinstance(hint, Mapping) else None
        return str(named) if named else _COMPONENTS.get(self.kind, "LOADING")

    @property
    def shows(self) -> bool:
        """Whether it is among the open gates: not answered yet, and of a kind that people answer."""
        return not self.settled and self.kind in GATE_KINDS

    def holds(self) -> bool:
        """Whether what the author waits for is there."""
        return self.predicate is not None and bool(self.predicate())

    def settle(self, answer: Any = None) -> None:
        """Takes the answer; from now on every other is refused."""
        self.settled, self.answer = True, answer

    def published(self, feedback: Json | None) -> Json:
        """
        The pending action as the published query has it, as JSON.

        ntro 0.1.2 names no step in it, and shows a copy of the payload in which edits are missing.
        """
        action: Json = to_jsonable_python({key: value for key, value in self.action.items() if key != "payload"})
        action["step_id"] = self.step_id
        if self.is_review:
            payload = self.rows.payload()
            if payload is not None or "payload" in self.action:
                action["payload"] = payload
        elif "payload" in self.action:
            action["payload"] = to_jsonable_python(self.action["payload"])
        if "display_hint" in action:
            hint = action["display_hint"] if isinstance(action["display_hint"], dict) else {}
            config = hint.get("config")
            action["display_hint"] = {
                **hint,
                "component": self.component,
                "config": config if isinstance(config, dict) else {},
            }
            self._mark_expected(action["display_hint"]["config"].get("expected"))
        return _with_feedback(action, feedback)

    def _mark_expected(self, expected: object) -> None:
        """ntro 0.1.2 never shows that a file is being worked on, or that this failed."""
        if not isinstance(expected, list) or self.slots is None:
            return
        described = [entry for entry in expected if isinstance(entry, dict)]
        for entry, slot in zip(described, self.slots, strict=False):
            entry["status"] = slot.status

    def view(self, feedback: Json | None) -> Json:
        """As ``ntro_state`` shows it, with its payload."""
        shown: Json = {
            "token": self.token,
            "kind": self.kind,
            "step_id": self.step_id,
            "opened_at": self.opened_at,
            **({} if self.due_at is None else {"due_at": self.due_at}),
            "title": self.title,
            "reason_required": self.is_review,
        }
        if self.slots is not None:
            shown["slots"] = [slot.shown() for slot in self.slots]
        if self.is_review:
            shown["edits"] = self.rows.edits()
            shown["rejected_rows"] = self.rows.rejected()
        return {**shown, "action": self.published(feedback)}

    def summary(self, workflow_id: str) -> Json:
        """As reports show it: no payload."""
        return {
            "token": self.token,
            "workflow_id": workflow_id,
            "kind": self.kind,
            "step_id": self.step_id,
            "component": self.component,
            "title": self.title,
            "opened_at": self.opened_at,
            **({} if self.due_at is None else {"due_at": self.due_at}),
            **(
                {}
                if self.slots is None
                else {"sources": [slot.source for slot in self.slots if slot.status == "pending"]}
            ),
        }


def _with_feedback(action: Json, feedback: Json | None) -> Json:
    if feedback is None:
        return action
    hint = action.get("display_hint")
    if isinstance(hint, dict):
        action["display_hint"] = {**hint, "config": {**hint["config"], "feedback": feedback}}
    action["feedback"] = feedback
    return action
