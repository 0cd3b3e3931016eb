"""What a workflow tells of itself. One for each run; the module is shared by all runs of a process, so runs are told apart by their ids."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

from pydantic_core import to_jsonable_python
from temporalio import workflow

from .clock import timestamp
from .gate import Gate
from .limits import MAX_SHOWN_BYTES, keepable
from .messages import Json
from .steps import StepLog

_T = TypeVar("_T")


@dataclass(eq=False)
class Child:
    """A child runbook that was started."""

    workflow_id: str
    step_id: str
    slug: str
    run_id: str = ""
    status: Literal["running", "completed", "failed"] = "running"
    result: Any = None

    def shown(self) -> Json:
        """As ``ntro_state`` and reports have it."""
        run_id = {"run_id": self.run_id} if self.run_id else {}
        return {
            "workflow_id": self.workflow_id,
            **run_id,
            "slug": self.slug,
            "step_id": self.step_id,
            "status": self.status,
        }


@dataclass(eq=False)
class Handling:
    """
    What author code that runs now was called for. ``gate`` is the one that is answered; without one, what the code gives as an answer goes to the only open
    review, and nowhere where ``mute``.
    """

    gate: Gate | None = None
    mute: bool = False
    change: Json | None = None
    edit: Json | None = None
    taken: bool = False
    pending: list[Any] = field(default_factory=list)


handling: ContextVar[Handling | None] = ContextVar("ntro_handling", default=None)
"""Set while a signal or update is handled; None in the author's main code."""

step_here: ContextVar[str | None] = ContextVar("ntro_step", default=None)
"""The step whose code runs; tells steps apart that run at once."""


@contextmanager
def scoped(variable: ContextVar[_T], value: _T) -> Iterator[None]:
    """Sets a context variable for a block."""
    before = variable.set(value)
    try:
        yield
    finally:
        # A coroutine that is thrown away is closed by the garbage collector, in a context that is none of its own: there is nothing to put back then.
        with suppress(ValueError):
            variable.reset(before)


class TaskState:
    """Everything about one run. Every change raises ``seq``; what replay repeats counts as told already."""

    def __init__(self, workflow_id: str, run_id: str, workflow_type: str) -> None:
        self.workflow_id, self.run_id, self.workflow_type = workflow_id, run_id, workflow_type
        self.gates: dict[str, Gate] = {}
        self._sizes: dict[str, int] = {}
        self.children: list[Child] = []
        self.snapshots: dict[str, Json] = {}
        self.feedback: Json | None = None
        self.lock_changes: dict[str, Json] = {}
        """What repairs changed in the lock of its children."""
        self.identity: Json = {}
        """What the task's input says of tenant, entity and settings; children get it too."""
        self.payload: Any = None
        """``self._pending_payload`` while no review is open that has its own."""
        self.received: Any = None
        """What ``self._received_user_action`` shows."""
        self.kept_answer: Any = None
        """An answer that the author's main code gave before it waited."""
        self.seq = 0
        self._told = 0
        self._changed_at = ""
        self._closing: Literal["completed", "failed"] | None = None
        self.steps = StepLog(self.changed)
        self.steps.on_entry = self._forget_snapshot

    def changed(self) -> None:
        """Says that something is other than before. Nothing changes any more once the run has ended."""
        if self._closing is not None or not workflow.in_workflow():
            return
        self.seq += 1
        self._changed_at = timestamp()
        if workflow.unsafe.is_replaying():
            self._told = self.seq

    def _forget_snapshot(self, step_id: str) -> None:
        self.snapshots.pop(step_id, None)

    @property
    def step(self) -> str | None:
        """The step that the code that asks belongs to."""
        return step_here.get() or self.steps.current

    def open_gates(self) -> list[Gate]:
        """The gates that wait for an answer, oldest first."""
        return [gate for gate in self.gates.values() if gate.shows]

    def newest(self) -> Gate | None:
        """The gate that the author's private attributes speak of: the one being answered, else the one opened last."""
        now = handling.get()
        if now is not None and now.gate is not None:
            return now.gate
        return next(reversed(self.gates.values()), None)

    def open(self, gate: Gate) -> None:
        """Opens a gate. Raises ``RuntimeError`` when all open gates together would show more than can be read."""
        self.require_room(gate)
        self.gates[gate.token] = gate
        self.changed()

    def require_room(self, gate: Gate) -> None:
        """Measures a gate. Raises ``RuntimeError`` when all open gates together would show more than can be read."""
        size = gate.bytes()
        others = sum(known for token, known in self._sizes.items() if token != gate.token and token in self.gates)
        if others + size > MAX_SHOWN_BYTES:
            beside = f", beside {others} at other gates" if others else ""
            raise RuntimeError(
                f'"{gate.title}" would show {size} bytes{beside}; a task shows at most {MAX_SHOWN_BYTES} at once. Review fewer rows at a time.'
            )
        self._sizes[gate.token] = size

    def close(self, gate: Gate) -> None:
        """Closes a gate, answered or not; the feedback that an answered one was opened with is settled with it."""
        self._sizes.pop(gate.token, None)
        if self.gates.pop(gate.token, None) is None:
            return
        if gate.settled and gate.given_feedback is not None and gate.given_feedback is self.feedback:
            self.feedback = None
        self.changed()

    def keep_snapshot(self, step_id: str, display_hint: object, *, payload: Any = None, decision: Any = None) -> None:
        """Keeps how a step ended; the newest of a step stays, and what is large is left out."""
        hint = display_hint if isinstance(display_hint, dict) else {}
        snapshot: Json = {
            "display_hint": {"component": "SUMMARY", "config": {}, **(to_jsonable_python(hint))},
            "completed_at": timestamp(),
        }
        if payload is not None:
            snapshot["payload"] = keepable(payload)
        if decision is not None:
            snapshot["decision"] = keepable(decision)
        self.snapshots[step_id] = snapshot
        self.changed()

    def end(self, closing: Literal["completed", "failed"]) -> None:
        """The run is over: no gate is open any more, and this is the last that is told."""
        self.gates.clear()
        self.steps.end_all(closing)
        self.changed()
        self._closing = closing

    def read(self) -> Json:
        """The answer of ``ntro_state``."""
        return {
            "seq": self.seq,
            "steps": [step.shown() for step in self.steps.all],
            "current_step": self.steps.current,
            "gates": [gate.view(self.feedback) for gate in self.open_gates()],
            "children": [child.shown() for child in self.children],
            "feedback": self.feedback,
            "snapshots": self.snapshots,
        }

    def due_report(self) -> Json | None:
        """What has not been told yet; metadata only."""
        if self.seq == self._told:
            return None
        self._told = self.seq
        return {
            "kind": "state",
            "workflow_id": self.workflow_id,
            "run_id": self.run_id,
            "workflow_type": self.workflow_type,
            "at": self._changed_at,
            "seq": self.seq,
            "steps": [step.shown() for step in self.steps.all],
            "current_step": self.steps.current,
            "gates": [gate.summary(self.workflow_id) for gate in self.open_gates()],
            "children": [child.shown() for child in self.children],
            "closing": self._closing,
        }


_states: dict[str, TaskState] = {}


ACCOUNT = "ntro_account"
"""The function, given to an instance from outside, that names its account; without it the run's id does."""


def _account(run_id: str) -> str:
    named = workflow.extern_functions().get(ACCOUNT)
    return run_id if named is None else str(named())


def begin(workflow_id: str, run_id: str, workflow_type: str) -> TaskState:
    """Starts the account of a run; that of an earlier, evicted instance of the same run is replaced."""
    state = TaskState(workflow_id, run_id, workflow_type)
    _states[_account(run_id)] = state
    return state


def state_here() -> TaskState:
    """The account of the run whose code is running. Raises ``RuntimeError`` outside of workflow code that this host runs."""
    state = _states.get(_account(workflow.info().run_id))
    if state is None:
        raise RuntimeError("This workflow is not run by ntro_host: the worker needs its TaskInterceptor.")
    return state


def due_report(run_id: str) -> Json | None:
    """
    The state report of a run, None when nothing changed since the last. Call it after each activation that was no replay and did not fail, from any thread
    once the activation is over.
    """
    state = _states.get(run_id)
    return None if state is None else state.due_report()


def forget(account: str) -> None:
    """Drops an account: of a run that was evicted, or a replay that is over."""
    _states.pop(account, None)
