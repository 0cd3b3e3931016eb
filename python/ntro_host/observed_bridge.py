"""
Stands between Temporal's Core and the SDK's worker, and sees every activation and its outcome. The only file that knows the bridge: the SDK offers no public
place to load code before an execution is created, or to hear that an attempt failed.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from temporalio.api.failure.v1 import Failure
from temporalio.bridge.proto.workflow_activation import InitializeWorkflow, RemoveFromCache, WorkflowActivation
from temporalio.bridge.proto.workflow_completion import WorkflowActivationCompletion
from temporalio.bridge.temporal_sdk_bridge import PollShutdownError
from temporalio.bridge.worker import Worker as BridgeWorker
from temporalio.worker import Worker

from .code_health import CodeHealth, Run

LOCK_MEMO = "ntro_lock"


class Observer(Protocol):
    """Who is told of activations."""

    async def before_start(self, workflow_type: str, lock: Mapping[str, Any]) -> None:
        """An execution is about to be created; returns when its code is there, or is known not to be. Never raises."""

    def after_good(self, run: Run) -> None:
        """An activation went beyond the recorded history and Core took its outcome."""

    def after_eviction(self, run: Run) -> None:
        """A run left the cache."""


@dataclass
class _Activation:
    run: Run
    goes_on: bool
    """Whether a good outcome shows that the code works: it is beyond the recorded history and more than a query."""
    eviction: RemoveFromCache | None


class ObservedBridge:
    """A bridge worker with the same methods as the SDK's; what it does not observe goes straight through."""

    def __init__(self, inner: BridgeWorker, observer: Observer, health: CodeHealth) -> None:
        self._inner = inner
        self._observer = observer
        self._health = health
        self._runs: dict[str, Run] = {}
        self._current: dict[str, _Activation] = {}
        self._polling: asyncio.Task[WorkflowActivation] | None = None
        self._starting: set[asyncio.Task[WorkflowActivation]] = set()
        self._telling: dict[str, asyncio.Event] = {}
        """Set when what became of a run's latest activation has been told."""
        self._ended = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    async def poll_workflow_activation(self) -> WorkflowActivation:
        """The next activation that is ready to be handled; one that waits for its code to be loaded does not hold up others."""
        while True:
            if self._polling is None and not self._ended:
                self._polling = asyncio.create_task(self._inner.poll_workflow_activation())
            waiting = {*self._starting, *([self._polling] if self._polling else [])}
            if not waiting:
                raise PollShutdownError
            done, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            ready = self._take(done)
            if ready is not None:
                return ready

    async def complete_workflow_activation(self, completion: WorkflowActivationCompletion) -> None:
        """Hands an outcome to Core, then tells of it."""
        activation = self._current.pop(completion.run_id, None)
        if activation is not None and activation.eviction is not None:
            await self._complete_eviction(completion, activation.run, activation.eviction)
            return
        told = self._telling[completion.run_id] = asyncio.Event()
        try:
            await self._complete_outcome(completion, activation)
        finally:
            told.set()
            if self._telling.get(completion.run_id) is told:
                del self._telling[completion.run_id]

    async def _complete_eviction(
        self, completion: WorkflowActivationCompletion, run: Run, eviction: RemoveFromCache
    ) -> None:
        told = self._telling.get(run.run_id)
        if told is not None:
            # Core evicts a run that has ended once it has the outcome, and that may be before we have told of it.
            await told.wait()
        # Before Core knows: it may start the same run anew at once.
        self._evicted(run, eviction)
        await self._inner.complete_workflow_activation(completion)

    async def _complete_outcome(self, completion: WorkflowActivationCompletion, activation: _Activation | None) -> None:
        try:
            await self._inner.complete_workflow_activation(completion)
        except ValueError as error:
            # Nothing was sent. Left at that, the run would hang without a word, and the worker could never end.
            completion = _unsendable(completion.run_id, error)
            await self._inner.complete_workflow_activation(completion)
        if activation is None:
            return
        if completion.HasField("failed"):
            self._health.failed(activation.run, completion.failed.failure)
        elif activation.goes_on:
            self._health.worked(activation.run)
            self._observer.after_good(activation.run)

    def _take(self, done: set[asyncio.Task[WorkflowActivation]]) -> WorkflowActivation | None:
        """One ready activation of the tasks that are done; the others stay for the next call."""
        started = next((task for task in done if task in self._starting), None)
        if started is not None:
            self._starting.discard(started)
            return started.result()
        polled = self._polling
        if polled is None or not polled.done():
            return None
        self._polling = None
        try:
            activation = polled.result()
        except PollShutdownError:
            self._ended = True
            return None
        init = self._notice(activation)
        if init is None:
            return activation
        self._starting.add(asyncio.create_task(self._start(activation, init)))
        return None

    async def _start(self, activation: WorkflowActivation, init: InitializeWorkflow) -> WorkflowActivation:
        await self._observer.before_start(init.workflow_type, _lock_of(init))
        return activation

    def _notice(self, activation: WorkflowActivation) -> InitializeWorkflow | None:
        """Remembers what an activation is; gives its first job when it starts an execution."""
        init: InitializeWorkflow | None = None
        eviction: RemoveFromCache | None = None
        only_queries = True
        for job in activation.jobs:
            if job.HasField("initialize_workflow"):
                init = job.initialize_workflow
            elif job.HasField("remove_from_cache"):
                eviction = job.remove_from_cache
            only_queries = only_queries and job.HasField("query_workflow")
        if init is not None:
            self._runs[activation.run_id] = Run(init.workflow_id, activation.run_id, init.workflow_type)
        run = self._runs.get(activation.run_id)
        if run is not None:
            goes_on = not activation.is_replaying and not only_queries
            self._current[activation.run_id] = _Activation(run, goes_on, eviction)
        return init

    def _evicted(self, run: Run, eviction: RemoveFromCache) -> None:
        if eviction.reason == RemoveFromCache.EvictionReason.NONDETERMINISM:
            self._health.failed(run, Failure(message=eviction.message))
        self._runs.pop(run.run_id, None)
        self._observer.after_eviction(run)


def observe(worker: Worker, observer: Observer, health: CodeHealth) -> None:
    """
    Puts an :class:`ObservedBridge` into a worker that does not run yet.

    :raises RuntimeError: when the SDK's parts do not ask the worker for its bridge at each use
    """
    bridge = ObservedBridge(worker._bridge_worker, observer, health)
    worker._bridge_worker = bridge  # type: ignore[assignment]
    used: object = worker._workflow_worker._bridge_worker() if worker._workflow_worker else None
    if used is not bridge:
        raise RuntimeError("Temporal's worker does not use the bridge that this host gives it.")


def _unsendable(run_id: str, error: ValueError) -> WorkflowActivationCompletion:
    """What is sent instead of an outcome that Core cannot read, such as an exception that is its own cause."""
    reason = str(error).rsplit(": ", 1)[-1]
    completion = WorkflowActivationCompletion(run_id=run_id)
    completion.failed.failure.message = f"What the workflow code did cannot be told to Temporal: {reason}"
    return completion


def _lock_of(init: InitializeWorkflow) -> Mapping[str, Any]:
    payload = init.memo.fields.get(LOCK_MEMO)
    if payload is None:
        return {}
    try:
        lock = json.loads(payload.data)
    except ValueError:
        return {}
    return lock if isinstance(lock, dict) else {}
