"""Tries an execution's history on the code of a revision: nothing comes of it but the answer whether it fits, and where not."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import uuid4

from temporalio.api.failure.v1 import Failure
from temporalio.api.history.v1 import HistoryEvent
from temporalio.bridge.proto.workflow_activation import WorkflowActivation
from temporalio.bridge.proto.workflow_completion import WorkflowActivationCompletion
from temporalio.client import Client, WorkflowHistory
from temporalio.worker import Interceptor, Replayer, WorkflowInstance, WorkflowInstanceDetails, WorkflowRunner
from temporalio.workflow import NondeterminismError, _Definition

from .author_trace import AuthorFailures, own_frames
from .code_health import Explained, differing, explained
from .differences import read_difference
from .faults import line_of
from .history import event_before, event_name, open_ended
from .revisions import Revision
from .runner import instance_of
from .standing import standing
from .task import forget
from .worker import BUILD_ID, AnyWorkflow

LIMIT_SECONDS = 55.0
"""For one replay: less than the server waits for it."""

Report = dict[str, object]
"""A ``ReplayReport`` as ``packages/contract/src/repair.ts`` has it."""


class Untried(Exception):
    """A history that could not be tried at all."""


@dataclasses.dataclass
class Replaying:
    """What all replays of a host share."""

    client: Client
    queue: str
    """Of the executions: their code may ask for it."""
    interceptors: Sequence[Interceptor]
    """The same that live executions have."""

    async def report(self, history: WorkflowHistory, revision: Revision) -> Report:
        """
        Replays the whole history on a revision.

        :raises Untried: when it says neither that it fits nor that it does not
        """
        watched = _Watched(revision, self.queue, f"replay {uuid4()}", self.client)
        try:
            differs = await self._differs(open_ended(history), watched)
        finally:
            forget(watched.account)
        if watched.failure is not None:
            return _failing(history, watched, watched.failure)
        if differs is not None:
            return _differing(history, watched, str(differs))
        return {"status": "fits", "events": history.events[-1].event_id}

    async def _differs(self, history: WorkflowHistory, watched: _Watched) -> Exception | None:
        threads = ThreadPoolExecutor(2, thread_name_prefix="replay")
        replayer = Replayer(
            workflows=[AnyWorkflow],
            workflow_task_executor=threads,
            workflow_runner=watched,
            unsandboxed_workflow_runner=watched,
            namespace=self.client.namespace,
            data_converter=self.client.data_converter,
            interceptors=self.interceptors,
            build_id=BUILD_ID,
        )
        replay = asyncio.create_task(replayer.replay_workflow(history, raise_on_replay_failure=False))
        try:
            done, _ = await asyncio.wait({replay}, timeout=LIMIT_SECONDS)
            if not done:
                raise Untried(f"The replay was not done within {LIMIT_SECONDS:.0f} s.")
            failure = (await replay).replay_failure
        finally:
            replay.cancel()
            threads.shutdown(wait=False, cancel_futures=True)
        if failure is None or isinstance(failure, NondeterminismError) or watched.failure is not None:
            return failure
        raise Untried(str(failure))


class _Watched(WorkflowRunner):
    """Runs the one execution of a replay, whatever revision its type names, and keeps what is to be known of it."""

    def __init__(self, revision: Revision, queue: str, account: str, client: Client) -> None:
        self.revision = revision
        self.account = account
        self.failure: Failure | None = None
        """Of the code that is tried."""
        self.reached = 0
        """The event that began the workflow task which was tried last."""
        self.stands: Sequence[tuple[str, str]] = ()
        """Where the code stood after it."""
        self._queue = queue
        self._client = client

    @property
    def folder(self) -> Path:
        """Of the author's files."""
        return self.revision.dir

    def prepare_workflow(self, defn: _Definition) -> None:
        """Nothing, as for live executions."""

    def set_worker_level_failure_exception_types(self, types: Sequence[type[BaseException]]) -> None:
        """Nothing, as for live executions."""

    def create_instance(self, det: WorkflowInstanceDetails) -> WorkflowInstance:
        """The instance, which thinks itself on its own queue and tells nobody of itself."""
        own = dataclasses.replace(det, info=dataclasses.replace(det.info, task_queue=self._queue))
        instance = instance_of(own, self.revision.served, self.revision.type, self.account)
        activate = instance.activate

        def watched(act: WorkflowActivation) -> WorkflowActivationCompletion:
            if any(job.HasField("remove_from_cache") for job in act.jobs):
                return activate(act)
            self.reached = act.history_length
            # Also where the history ends: nothing is logged or told as if it happened now.
            act.is_replaying = True
            try:
                completion = activate(act)
            except Exception as error:
                self.failure = self._told(error)
                raise
            if completion.HasField("failed"):
                self.failure = completion.failed.failure
            else:
                self._worked(instance, completion)
            return completion

        instance.activate = watched  # type: ignore[method-assign]
        return instance

    def _told(self, error: Exception) -> Failure:
        failure = Failure()
        AuthorFailures().to_failure(error, self._client.data_converter.payload_converter, failure)
        return failure

    def _worked(self, instance: WorkflowInstance, completion: WorkflowActivationCompletion) -> None:
        self.stands = standing(instance, self.folder)
        for command in completion.successful.commands:
            if command.HasField("fail_workflow_execution"):
                self.stands = own_frames(command.fail_workflow_execution.failure.stack_trace, self.folder)


def _failing(history: WorkflowHistory, watched: _Watched, failure: Failure) -> Report:
    told = explained(failure, watched.folder)
    return _unfit(event_before(history, watched.reached), told, watched.folder)


def _differing(history: WorkflowHistory, watched: _Watched, words: str) -> Report:
    trace = "\n".join(frame for frame, _ in watched.stands) or None
    place = watched.stands[-1][1] if watched.stands else None
    found = read_difference(differing(words), history.events, watched.reached)
    return _unfit(found.event, Explained(found.message, place, trace), watched.folder)


def _unfit(event: HistoryEvent | None, told: Explained, folder: Path) -> Report:
    return {
        "status": "unfit",
        "message": told.message,
        "eventId": None if event is None else event.event_id,
        "eventType": None if event is None else event_name(event),
        "frame": _frame(told.place, folder),
        "stackTrace": told.trace,
    }


def _frame(place: str | None, folder: Path) -> Report | None:
    if place is None:
        return None
    path, _, line = place.rpartition(":")
    source = line_of(folder, path, int(line))
    return {"path": path, "line": int(line), "source": None if source is None else source.strip()}
