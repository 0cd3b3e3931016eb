"""The one Temporal worker of a host."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

from temporalio import workflow
from temporalio.client import Client
from temporalio.common import RawValue
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.runtime import LoggingConfig, Runtime, TelemetryConfig, TelemetryFilter
from temporalio.worker import Interceptor, Worker, WorkflowRunner

from .activities import any_activity
from .author_trace import AuthorFailures
from .messages import Temporal

DRAIN = timedelta(seconds=30)
"""How long a host waits for what is under way when it drains."""
STICKY = timedelta(seconds=2)
"""How long a task waits for the host that has it cached; a host that died costs it this much. 10 s by default."""
ACTIVITIES_AT_ONCE = 50
WORKFLOW_TASKS_AT_ONCE = 50
BUILD_ID = "ntro-host"
"""Fixed, because the SDK would read every loaded module to compute one."""
CACHED_WORKFLOWS = 200
"""Each cached execution in the sandbox has its own copy of its bundle's modules, some 0.2 MiB; one that was let go is replayed in milliseconds."""


@workflow.defn(dynamic=True, sandboxed=True)
class AnyWorkflow:
    """What Temporal's worker knows; the runner puts the author's class in its place."""

    @workflow.run
    async def run(self, args: Sequence[RawValue]) -> Any:
        """Never called."""
        raise AssertionError("workflows are routed")


async def connect(temporal: Temporal) -> Client:
    """Temporal's client. Raises RuntimeError when Temporal cannot be reached."""
    # Core would log every failed attempt with its whole traceback; the host reports them itself.
    logs = LoggingConfig(filter=TelemetryFilter(core_level="ERROR", other_level="ERROR"))
    Runtime.set_default(Runtime(telemetry=TelemetryConfig(logging=logs)), error_if_already_set=False)
    converter = dataclasses.replace(pydantic_data_converter, failure_converter_class=AuthorFailures)
    return await Client.connect(temporal.address, namespace=temporal.namespace, data_converter=converter)


def make_worker(
    client: Client,
    queue: str,
    runner: WorkflowRunner,
    interceptors: Sequence[Interceptor],
    executor: ThreadPoolExecutor,
) -> Worker:
    """
    A worker that does not run yet.

    :param runner: chooses the code of each execution
    :param interceptors: outermost first
    :param executor: threads for activities; at least :data:`ACTIVITIES_AT_ONCE`
    """
    return Worker(
        client,
        task_queue=queue,
        workflows=[AnyWorkflow],
        activities=[any_activity],
        activity_executor=executor,
        # As many threads as tasks: waiting for a thread counts towards the deadlock limit.
        workflow_task_executor=ThreadPoolExecutor(WORKFLOW_TASKS_AT_ONCE, thread_name_prefix="workflow"),
        workflow_runner=runner,
        unsandboxed_workflow_runner=runner,
        interceptors=interceptors,
        max_cached_workflows=CACHED_WORKFLOWS,
        max_concurrent_workflow_tasks=WORKFLOW_TASKS_AT_ONCE,
        max_concurrent_activities=ACTIVITIES_AT_ONCE,
        max_concurrent_local_activities=ACTIVITIES_AT_ONCE,
        sticky_queue_schedule_to_start_timeout=STICKY,
        graceful_shutdown_timeout=DRAIN,
        build_id=BUILD_ID,
    )
