"""
Stands between Temporal's Core and the SDK's worker, and sees every activation and its outcome. The only file that knows the bridge: the SDK offers no public
place to choose and load code before an execution is created, to have it made anew on other code, or to hear that an attempt failed.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from temporalio.api.common.v1 import Memo
from temporalio.api.failure.v1 import Failure
from temporalio.bridge.proto.workflow_activation import InitializeWorkflow, RemoveFromCache, WorkflowActivation
from temporalio.bridge.proto.workflow_completion import WorkflowActivationCompletion
from temporalio.bridge.temporal_sdk_bridge import PollShutdownError
from temporalio.bridge.worker import Worker as BridgeWorker
from temporalio.worker import Worker

from .code_health import CodeHealth, Run
from .messages import Repair
from .repairs import Repairs
from .task import REPAIRED, RepairedSignal, repaired

LOCK_MEMO = "ntro_lock"


class Observer(Protocol):
    """Who is told of activations."""

    async def before_run(self, run: Run, lock: Mapping[str, Any]) -> None:
        """
        A run is about to be created, or to get another lock; returns when its code is there, with that of the children it may start, or is known not to be.
        Never raises.
        """

    def after_good(self, run: Run) -> None:
        """An activation went beyond the recorded history and Core took its outcome."""

    def after_eviction(self, run: Run) -> None:
        """A run left the cache."""


@dataclass(frozen=True)
class _Needed:
    """What has to be loaded before an activation is handled."""

    run: Run
    lock: Mapping[str, Any]


@dataclass
class _Activation:
    run: Run
    goes_on: bool
    """Whether a good outcome shows that the code works: it is beyond the recorded history and more than a query."""
    eviction: RemoveFromCache | None


class ObservedBridge:
    """A bridge worker with the same methods as the SDK's; what it does not observe goes straight through."""

    def __init__(self, inner: BridgeWorker, observer: Observer, health: CodeHealth, repairs: Repairs) -> None:
        self._inner = inner
        self._observer = observer
        self._health = health
        self._repairs = repairs
        self._runs: dict[str, Run] = {}
        self._current: dict[str, _Activation] = {}
        self._polling: asyncio.Task[WorkflowActivation] | None = None
        self._starting: set[asyncio.Task[WorkflowActivation | None]] = set()
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

    def _take(self, done: set[asyncio.Task[Any]]) -> WorkflowActivation | None:
        """One ready activation of the tasks that are done; the others stay for the next call."""
        started = next((task for task in done if task in self._starting), None)
        if started is not None:
            self._starting.discard(started)
            loaded: WorkflowActivation | None = started.result()
            return loaded
        polled = self._polling
        if polled is None or not polled.done():
            return None
        self._polling = None
        try:
            activation = polled.result()
        except PollShutdownError:
            self._ended = True
            return None
        jobs = _Jobs(activation)
        run = self._run_of(activation, jobs)
        if run is not None and jobs.work and self._repairs.type_of(run.workflow_id, run.workflow_type) != run.code:
            self._starting.add(asyncio.create_task(self._leave(activation)))
            return None
        needed = self._notice(activation, jobs, run)
        if needed is None:
            return activation
        self._starting.add(asyncio.create_task(self._load(activation, needed)))
        return None

    async def _load(self, activation: WorkflowActivation, needed: _Needed) -> WorkflowActivation:
        await self._observer.before_run(needed.run, needed.lock)
        return activation

    async def _leave(self, activation: WorkflowActivation) -> None:
        """Has a run made anew on the code it has by now: Core evicts what failed and replays the history at the next attempt. Nobody is told of a failure."""
        await self._inner.complete_workflow_activation(_superseded(activation.run_id))

    def _run_of(self, activation: WorkflowActivation, jobs: _Jobs) -> Run | None:
        """The run of an activation, on the code that was chosen when it started here. What a signal tells of a repair is known from here on."""
        run, init = self._runs.get(activation.run_id), jobs.init
        workflow_id = init.workflow_id if init is not None else run.workflow_id if run is not None else ""
        for told in jobs.repairs:
            self._repairs.meet(Repair(workflow_id=workflow_id, number=told.number, type=told.type))
        if init is not None:
            code = self._repairs.type_of(workflow_id, init.workflow_type)
            run = self._runs[activation.run_id] = Run(workflow_id, activation.run_id, init.workflow_type, code)
        return run

    def _notice(self, activation: WorkflowActivation, jobs: _Jobs, run: Run | None) -> _Needed | None:
        """Remembers what an activation is; says what has to be loaded for it, if anything."""
        if run is None:
            return None
        goes_on = not activation.is_replaying and not jobs.only_queries
        self._current[activation.run_id] = _Activation(run, goes_on, jobs.eviction)
        lock = {slug: entry for told in jobs.repairs for slug, entry in told.model_dump()["lock"].items()}
        if jobs.init is not None:
            return _Needed(run, {**lock_in(jobs.init.memo), **lock})
        return _Needed(run, lock) if lock else None

    def _evicted(self, run: Run, eviction: RemoveFromCache) -> None:
        if eviction.reason == RemoveFromCache.EvictionReason.NONDETERMINISM:
            self._health.failed(run, Failure(message=eviction.message))
        self._runs.pop(run.run_id, None)
        self._observer.after_eviction(run)


class _Jobs:
    """What an activation asks for, as far as it matters here."""

    def __init__(self, activation: WorkflowActivation) -> None:
        self.init: InitializeWorkflow | None = None
        self.eviction: RemoveFromCache | None = None
        self.repairs: list[RepairedSignal] = []
        self.only_queries = True
        for job in activation.jobs:
            self.only_queries = self.only_queries and job.HasField("query_workflow")
            if job.HasField("initialize_workflow"):
                self.init = job.initialize_workflow
            elif job.HasField("remove_from_cache"):
                self.eviction = job.remove_from_cache
            elif job.HasField("signal_workflow") and job.signal_workflow.signal_name == REPAIRED:
                told = repaired(job.signal_workflow.input[0].data if job.signal_workflow.input else None)
                self.repairs += [told] if told is not None else []

    @property
    def work(self) -> bool:
        """Whether workflow code runs for it, and not only to show something or to be let go."""
        return self.eviction is None and not self.only_queries


def observe(worker: Worker, observer: Observer, health: CodeHealth, repairs: Repairs) -> None:
    """
    Puts an :class:`ObservedBridge` into a worker that does not run yet.

    :raises RuntimeError: when the SDK's parts do not ask the worker for its bridge at each use
    """
    bridge = ObservedBridge(worker._bridge_worker, observer, health, repairs)
    worker._bridge_worker = bridge  # type: ignore[assignment]
    used: object = worker._workflow_worker._bridge_worker() if worker._workflow_worker else None
    if used is not bridge:
        raise RuntimeError("Temporal's worker does not use the bridge that this host gives it.")


def _superseded(run_id: str) -> WorkflowActivationCompletion:
    completion = WorkflowActivationCompletion(run_id=run_id)
    completion.failed.failure.message = "The task was repaired: it goes on with the code of another revision."
    return completion


def _unsendable(run_id: str, error: ValueError) -> WorkflowActivationCompletion:
    """What is sent instead of an outcome that Core cannot read, such as an exception that is its own cause."""
    reason = str(error).rsplit(": ", 1)[-1]
    completion = WorkflowActivationCompletion(run_id=run_id)
    completion.failed.failure.message = f"What the workflow code did cannot be told to Temporal: {reason}"
    return completion


def lock_in(memo: Memo) -> Mapping[str, Any]:
    """The lock of a task's children, as it was when the task started."""
    payload = memo.fields.get(LOCK_MEMO)
    if payload is None:
        return {}
    try:
        lock = json.loads(payload.data)
    except ValueError:
        return {}
    return lock if isinstance(lock, dict) else {}
