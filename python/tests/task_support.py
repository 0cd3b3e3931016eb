"""Runs small workflows on a real Temporal, with the task interceptor around them and its reports collected as the host would."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from temporalio.client import Client, WorkflowFailureError, WorkflowHandle, WorkflowUpdateFailedError
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.exceptions import ActivityError, ApplicationError, ChildWorkflowError
from temporalio.worker import Worker, WorkflowInstance, WorkflowInstanceDetails, WorkflowRunner

from ntro_host.runner import InputRunner
from ntro_host.task import TaskInterceptor, due_report, forget, install_base_class

Json = dict[str, Any]

install_base_class()

REVIEWER = {"id": "u-1", "name": "Robin Reviewer", "via": "person"}
AT = "2026-04-03T08:00:00.000Z"
IDENTITY = {"tenant_id": "t-1", "tenant_slug": "acme", "entity_id": "e-1", "entity_slug": "acme-holdings"}
WITHIN_S = 10.0


class _Observed(WorkflowInstance):
    """An instance whose activations are followed by its report, as the host's bridge has it."""

    def __init__(self, inner: WorkflowInstance, run_id: str, tell: Callable[[Json], None]) -> None:
        self._inner, self._run_id, self._tell = inner, run_id, tell

    def activate(self, act: Any) -> Any:
        """Activates, then reports what is due."""
        completion = self._inner.activate(act)
        if act.jobs and act.jobs[0].HasField("remove_from_cache"):
            forget(self._run_id)
        elif not act.is_replaying and not completion.HasField("failed"):
            report = due_report(self._run_id)
            if report is not None:
                self._tell(report)
        if completion.HasField("failed"):
            self._tell(
                {
                    "kind": "code_failing",
                    "workflow_id": self._inner.get_info().workflow_id,
                    "failure": completion.failed.failure,
                }
            )
        return completion

    def get_serialization_context(self, command_info: Any) -> Any:
        """As the inner one."""
        return self._inner.get_serialization_context(command_info)

    def get_external_store_context(self, command_info: Any) -> Any:
        """As the inner one."""
        return self._inner.get_external_store_context(command_info)

    def get_info(self) -> Any:
        """As the inner one."""
        return self._inner.get_info()

    def get_thread_id(self) -> int | None:
        """As the inner one."""
        return self._inner.get_thread_id()


class _ObservedRunner(InputRunner):
    def __init__(self, tell: Callable[[Json], None], inner: WorkflowRunner | None = None) -> None:
        self._tell, self._runner = tell, inner

    def create_instance(self, det: WorkflowInstanceDetails) -> WorkflowInstance:
        """An observed instance."""
        made = super().create_instance(det) if self._runner is None else self._runner.create_instance(det)
        return _Observed(made, det.info.run_id, self._tell)


class Task:
    """A running task, as the server sees it."""

    def __init__(self, handle: WorkflowHandle[Any, Any], trial: Trial) -> None:
        self.handle, self._trial = handle, trial

    @property
    def id(self) -> str:
        """Its id."""
        return self.handle.id

    def child(self, suffix: str) -> Task:
        """A child by what follows its parent's id."""
        return Task(self._trial.client.get_workflow_handle(f"{self.id}:{suffix}"), self._trial)

    @property
    def reports(self) -> list[Json]:
        """What was reported of it so far."""
        mine = [report for report in self._trial.reports if report["workflow_id"] == self.id]
        return [report for report in mine if report["kind"] == "state"]

    async def reported(self, fits: Callable[[Json], bool]) -> Json:
        """The first report that fits; waits for it."""
        found = await self._trial.first(
            lambda report: report["workflow_id"] == self.id and (report["kind"] != "state" or fits(report))
        )
        assert found["kind"] == "state", f"The code fails: {found['failure'].message}\n{found['failure'].stack_trace}"
        return found

    async def code_failing(self) -> Any:
        """The failure of the first attempt whose code failed; waits for it."""
        kind = "code_failing"
        found = await self._trial.first(lambda report: report["workflow_id"] == self.id and report["kind"] == kind)
        return found["failure"]

    async def state(self) -> Json:
        """``ntro_state``."""
        return await self.handle.query("ntro_state")

    async def query(self, name: str) -> Any:
        """A query's answer."""
        return await self.handle.query(name)

    async def gate(self, title: str | None = None, besides: Sequence[Json] = ()) -> Json:
        """Waits until a gate is reported open, and reads it."""
        known = [gate["token"] for gate in besides]

        def fits(gate: Json) -> bool:
            return (title is None or gate["title"] == title) and gate["token"] not in known

        await self.reported(lambda report: any(fits(gate) for gate in report["gates"]))
        return next(gate for gate in (await self.state())["gates"] if fits(gate))

    async def update(self, name: str, argument: Any) -> Any:
        """Sends an update."""
        return await self.handle.execute_update(name, argument, id=str(uuid.uuid4()))

    async def approve(self, gate: Json, corrections: Sequence[Json] = ()) -> Any:
        """Approves."""
        return await self.update("ntro_decide", decision(gate, "approved", None, corrections))

    async def reject(self, gate: Json, reason: str | None) -> Any:
        """Rejects."""
        return await self.update("ntro_decide", decision(gate, "rejected", reason, ()))

    async def row(self, gate: Json, action: str, row_id: str, **more: Any) -> Any:
        """Changes a row."""
        change = {"gate": gate["token"], "action": action, "row_id": row_id, "actedBy": REVIEWER, "at": AT, **more}
        return await self.update("ntro_row_action", change)

    async def submit(self, gate: Json, source: str, **more: Any) -> Any:
        """Submits a file."""
        return await self.update("ntro_submit", {"gate": gate["token"], **document(source), **more})

    async def signal(self, name: str, argument: Any) -> None:
        """Sends a signal."""
        await self.handle.signal(name, argument)

    async def result(self) -> Any:
        """Its result."""
        return await self.handle.result()

    async def failure(self) -> tuple[str, str]:
        """Type and message of what it failed with."""
        try:
            return ("", f"The task did not fail: {await self.handle.result()}")
        except WorkflowFailureError as error:
            cause: BaseException | None = error.cause
            while isinstance(cause, (ActivityError, ChildWorkflowError)) and cause.cause is not None:
                cause = cause.cause
            if isinstance(cause, ApplicationError):
                return (cause.type or "", cause.message)
            return (type(cause).__name__, str(cause))


class Trial:
    """A worker on a queue of its own."""

    def __init__(self, client: Client, queue: str) -> None:
        self.client, self.queue, self.reports = client, queue, list[Json]()
        self._loop = asyncio.get_running_loop()
        self._waiting: list[asyncio.Event] = []

    def tell(self, report: Json) -> None:
        """Takes a report from any thread."""
        self._loop.call_soon_threadsafe(self._take, report)

    async def first(self, fits: Callable[[Json], bool]) -> Json:
        """The first report that fits."""
        event = asyncio.Event()
        self._waiting.append(event)
        async with asyncio.timeout(WITHIN_S):
            while True:
                for report in self.reports:
                    if fits(report):
                        return report
                event.clear()
                await event.wait()

    async def start(self, workflow: type | str, argument: Json | None = None, **memo: Any) -> Task:
        """Starts a task."""
        name = workflow if isinstance(workflow, str) else workflow.__name__
        task_id = str(uuid.uuid4())
        handle = await self.client.start_workflow(
            name,
            {**IDENTITY, "task_id": task_id, "config": {"currency": "GBP"}, **(argument or {})},
            id=task_id,
            task_queue=self.queue,
            memo=memo or None,
        )
        return Task(handle, self)

    def _take(self, report: Json) -> None:
        self.reports.append(report)
        for event in self._waiting:
            event.set()


@asynccontextmanager
async def trial(
    address: str,
    workflows: Sequence[type],
    activities: Sequence[Callable[..., Any]] = (),
    runner: WorkflowRunner | None = None,
    queue: str | None = None,
) -> AsyncIterator[Trial]:
    """Serves workflows until the block ends."""
    client = await _connected(address)
    made = Trial(client, queue or f"test-{uuid.uuid4()}")
    async with Worker(
        client,
        task_queue=made.queue,
        workflows=workflows,
        activities=activities,
        interceptors=[TaskInterceptor()],
        workflow_runner=_ObservedRunner(made.tell, runner),
    ):
        # Code that fails is tried again for ever, and whoever waits for its answer waits as long.
        async with asyncio.timeout(3 * WITHIN_S):
            yield made


async def _connected(address: str) -> Client:
    """A client, once the server that listens also answers."""
    async with asyncio.timeout(WITHIN_S):
        while True:
            try:
                return await Client.connect(address, data_converter=pydantic_data_converter)
            except RuntimeError:
                await asyncio.sleep(0.05)


async def refusal(answer: Any) -> tuple[str, str]:
    """Type and message of what an update was refused with."""
    try:
        await answer
    except WorkflowUpdateFailedError as error:
        cause = error.cause
        assert isinstance(cause, ApplicationError), cause
        return (cause.type or "", cause.message)
    return ("", "The update was accepted.")


def decision(gate: Json, word: str, reason: str | None, corrections: Sequence[Json]) -> Json:
    """The argument of ``ntro_decide``."""
    verb = {"approved": "approve", "rejected": "reject"}[word]
    named = [{**entry, "line_item_id": entry["row_id"], "id": entry["row_id"]} for entry in corrections]
    return {
        "gate": gate["token"],
        "type": word,
        "kind": verb,
        "action": verb,
        "reason": reason,
        "comments": reason,
        "corrections": named,
        "actedBy": REVIEWER,
        "at": AT,
    }


def document(source: str) -> Json:
    """What the server sends of a file."""
    return {
        "document_ref": f"doc-{source}",
        "source": source,
        "filename": f"{source}.xlsx",
        "content_type": "application/pdf",
        "size_bytes": 1234,
        "sha256": "ab" * 32,
        "tenant_slug": "acme",
        "entity_slug": "acme-holdings",
        "actedBy": REVIEWER,
        "at": AT,
    }
