"""The helpers of ``NtroWorkflow`` that run steps and children."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Any

from ntro.types.wire import PendingAction
from temporalio import workflow

from . import children
from .messages import Json
from .slots import DEFAULT_SIGNAL, SlotStatus
from .state import TaskState, scoped, state_here, step_here
from .step_decorator import within_step
from .waiting import new_gate

ACTIVITY_TIMEOUT = timedelta(minutes=5)


class Starting:
    """
    Replacements for methods of ``NtroWorkflow`` of ntro 0.1.2, with the same signatures.

    There, all children of ``run_child_workflows`` get one id, and a child of ``collect_documents`` that fails leaves its siblings behind.
    """

    async def run_step(self, step_id: str, fn: Callable[..., Awaitable[Any]] | Any, *args: Any, **kwargs: Any) -> Any:
        """Runs an activity, or awaits a function, as a step."""
        if not (hasattr(fn, "__temporal_activity_definition") or hasattr(fn, "__ntro_activity_defn")):
            return await within_step(step_id, lambda: fn(*args, **kwargs))
        options = {"start_to_close_timeout": ACTIVITY_TIMEOUT, **kwargs}
        # One argument that is None means the activity's own default, as with `runbook.execute_activity`.
        given = [] if args == (None,) else list(args)
        return await within_step(step_id, lambda: workflow.execute_activity(fn, args=given, **options))

    async def run_child_workflow(self, *, slug: str, input: Any, step_id: str | None = None) -> Any:
        """Runs a child to its end and gives its result."""
        state = state_here()
        step = _enter_by_hand(state, step_id or state.step or slug)
        _, handle = await children.start(state, slug, input, step_id=step)
        return await handle

    async def run_child_workflows(self, *, slug: str, inputs: Sequence[Any], step_id: str | None = None) -> list[Any]:
        """Runs several children at once, all of them to their ends; then raises the first failure, if any."""
        if not inputs:
            return []
        state = state_here()
        step = _enter_by_hand(state, step_id or state.step or slug)

        async def one(index: int, argument: Any) -> Any:
            workflow_id = children.child_id(state, step, slug, index)
            _, handle = await children.start(state, slug, argument, step_id=step, workflow_id=workflow_id)
            return await handle

        return await to_their_ends([one(index, argument) for index, argument in enumerate(inputs, 1)])

    async def collect_documents(
        self,
        *,
        expected: Sequence[Json],
        inputs: Sequence[Any],
        runbook_slug: str = "document-ingest",
        step_id: str | None = None,
        title: str = "Upload sources",
        instructions: str | None = None,
        actions: Sequence[Json] | None = None,
    ) -> list[Any]:
        """Collects several documents, one child each, all of them to their ends; gives their results, or raises the first failure."""
        if not expected:
            return []
        if len(expected) != len(inputs):
            raise ValueError(f"collect_documents: {len(expected)} are expected, {len(inputs)} have inputs")
        state = state_here()
        step = _enter_by_hand(state, step_id or state.step or runbook_slug)
        ids = [children.child_id(state, step, runbook_slug, entry["source"]) for entry in expected]
        if len(set(ids)) < len(ids):
            raise ValueError("collect_documents: the sources must differ")
        described = [_described(entry, child) for entry, child in zip(expected, ids, strict=True)]
        config: Json = {"title": title, "instructions": instructions, "expected": described}
        action = _collection(config if not actions else {**config, "actions": list(actions)})
        with scoped(step_here, step):
            gate = new_gate(state, action, "collection")
        state.open(gate)

        async def one(place: int) -> Any:
            def note(status: SlotStatus) -> None:
                (gate.slots or [])[place].status = described[place]["status"] = status
                state.changed()

            given = {"step_id": step, "workflow_id": ids[place]}
            try:
                _, handle = await children.start(state, runbook_slug, inputs[place], **given)
                result = await handle
            except BaseException:
                note("failed")
                raise
            note("completed")
            return result

        try:
            results = await to_their_ends([one(place) for place in range(len(expected))])
            gate.settle()
            state.keep_snapshot(gate.step_id, action["display_hint"], payload={"expected": described})
            return results
        finally:
            state.close(gate)


async def to_their_ends(work: Sequence[Awaitable[Any]]) -> list[Any]:
    """Awaits all, so that none is left behind; then raises the first failure by place, or gives the results."""
    outcomes = await asyncio.gather(*work, return_exceptions=True)
    for outcome in outcomes:
        if isinstance(outcome, BaseException):
            raise outcome
    return list(outcomes)


def _collection(config: Json) -> Json:
    """The pending action of files that children take."""
    action: Json = {
        "kind": "submit_files",
        "reason": f"Workflow needs {len(config['expected'])} document(s) — upload each below.",
        "display_hint": {"component": "MULTI_FILE_UPLOAD", "config": config},
    }
    PendingAction.model_validate(action)
    return action


def _described(entry: Json, child: str) -> Json:
    args = {"source": entry["source"], "schema_slug": entry.get("schema_slug"), "signal_task_id": child}
    return {**entry, "status": "pending", "args": {**args, "signal_name": DEFAULT_SIGNAL}}


def _enter_by_hand(state: TaskState, step_id: str) -> str:
    """A helper that names a step makes it the current one, as if the author had set it."""
    state.steps.set_by_hand(step_id)
    return step_id
