"""
Children: started as the revision that was locked when the task started, on the queue of its language and environment.

ntro 0.1.2 asks the registry of the running process which class a slug is, which another deployment changes, and starts every child on its parent's queue.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from ntro.workflow.registry import _registry
from temporalio import workflow
from temporalio.exceptions import ApplicationError

from . import revisions_link
from .argument import with_identity
from .child_result import ReadableResult
from .state import Child, TaskState, state_here

TASK_TIMEOUT = timedelta(seconds=5)
"""How long a workflow task of a child may take; short, so that a host that dies delays a task little."""

LOCK = "ntro_lock"


@dataclass(frozen=True)
class Locked:
    """The revision that a child will be."""

    slug: str
    type: str
    queue: str


def lock_of(state: TaskState) -> Mapping[str, Any]:
    """Which revision each child will be: as it was when the task started, with what repairs changed since."""
    at_start: Mapping[str, Any] = workflow.memo_value(LOCK, {}, type_hint=dict)
    return {**at_start, **state.lock_changes}


def locked(child: object) -> Locked:
    """
    What a child runs as, of its slug, its class, or its workflow type.

    :raises ApplicationError: ``ChildNotDeployed`` where the task's lock does not name it
    """
    lock = lock_of(state_here())
    by_type = {entry.get("type"): slug for slug, entry in lock.items()}
    for slug in _slugs(child):
        name = slug if slug in lock else by_type.get(slug)
        if name is not None:
            return Locked(name, str(lock[name]["type"]), str(lock[name]["queue"]))
    raise ApplicationError(
        f'The child runbook "{next(iter(_slugs(child)), child)}" was not deployed when this task started.',
        type="ChildNotDeployed",
        non_retryable=True,
    )


def child_id(state: TaskState, step_id: str, slug: str, *parts: object) -> str:
    """The workflow id of a child: ``<parent>:<step>:<slug>`` and what tells several of one step apart. One that is in use gets a number."""
    name = ":".join([state.workflow_id, step_id, slug, *map(str, parts)])
    running = {child.workflow_id for child in state.children if child.status == "running"}
    return next(candidate for candidate in _numbered(name) if candidate not in running)


async def start(
    state: TaskState,
    child: object,
    argument: object,
    *,
    step_id: str | None,
    workflow_id: str | None = None,
    **options: Any,
) -> tuple[Child, workflow.ChildWorkflowHandle[Any, Any]]:
    """Starts a child and gives it with its handle. Its end is noted whoever awaits it. Raises what Temporal raises when it cannot be started."""
    target = locked(child)
    record = Child(
        workflow_id or child_id(state, step_id or target.slug, target.slug), step_id or target.slug, target.slug
    )
    # A step that is entered again starts the same child again: it is one line, with what became of it last.
    state.children = [other for other in state.children if other.workflow_id != record.workflow_id] + [record]
    state.changed()
    result_type = options.pop("result_type", None) or _result_type(target)
    settings: dict[str, Any] = {
        "parent_close_policy": workflow.ParentClosePolicy.REQUEST_CANCEL,
        "task_timeout": TASK_TIMEOUT,
        **options,
        "id": record.workflow_id,
        "task_queue": target.queue,
        "memo": {**workflow.memo(), LOCK: lock_of(state)} if state.lock_changes else workflow.memo(),
    }
    try:
        handle = await workflow.start_child_workflow(
            target.type, with_identity(argument, state.identity), result_type=result_type, **settings
        )
    except BaseException as error:
        _note(state, record, "failed", str(error))
        raise
    record.run_id = handle.first_execution_run_id or ""
    state.changed()
    handle.add_done_callback(lambda done: _settle(state, record, done))
    return record, handle


def _settle(state: TaskState, record: Child, done: asyncio.Future[Any]) -> None:
    if done.cancelled():
        _note(state, record, "failed", "cancelled")
        return
    error = done.exception()
    if error is None:
        _note(state, record, "completed", done.result())
    else:
        _note(state, record, "failed", str(error))


def _note(state: TaskState, record: Child, status: Any, result: Any) -> None:
    record.status, record.result = status, result
    state.changed()


def _result_type(target: Locked) -> Any:
    """The child's own return type where its code is in this process, else objects that are readable by attribute."""
    revision = revisions_link.loaded(target.type) if target.queue == workflow.info().task_queue else None
    defn = None if revision is None else workflow._Definition.from_class(revision.workflow)
    return ReadableResult if defn is None or defn.ret_type is None else defn.ret_type


def _slugs(child: object) -> list[str]:
    """The names that a child may have in the lock."""
    if isinstance(child, str):
        return [child]
    named = getattr(child, "__ntro_slug__", None)
    registered = [slug for slug, cls in _registry.items() if cls is child]
    name = getattr(child, "__name__", "")
    derived = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", re.sub(r"Workflow$", "", name)).lower()
    return [slug for slug in (named, *registered, derived) if isinstance(slug, str) and slug]


def _numbered(name: str) -> Iterator[str]:
    yield name
    number = 2
    while True:
        yield f"{name}:{number}"
        number += 1
