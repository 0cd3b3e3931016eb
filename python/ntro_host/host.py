"""Runs one tenant's Python bundles of one environment: one Temporal worker, every revision by its workflow type."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from temporalio.worker import Worker

from .activities import ActivityRouting
from .code_health import CodeHealth, Run
from .corrections import SDK_ACTIVITIES
from .messages import HostSettings, RevisionKey
from .observed_bridge import observe
from .prepare import Preparing
from .reporter import Reporter
from .revisions import Revisions, loaded
from .runner import RevisionRunner
from .server import Server, ServerAway
from .task import TaskInterceptor, due_report, forget
from .worker import ACTIVITIES_AT_ONCE, connect, make_worker

log = logging.getLogger("ntro_host")


class TenantHost:
    """A running host. Made by :func:`start_tenant_host`."""

    def __init__(
        self, worker: Worker, server: Server, reporter: Reporter, preparing: Preparing, routing: ActivityRouting
    ) -> None:
        self._worker = worker
        self._routing = routing
        self._server = server
        self._reporter = reporter
        self._preparing = preparing
        self.finished: asyncio.Task[None] = asyncio.create_task(self._run())
        """Ends when the host is drained; fails when the worker failed."""

    async def prepare(self, deployment_id: str, key: RevisionKey) -> None:
        """Makes a deployment ready. Raises as :meth:`Preparing.prepare` does."""
        await self._preparing.prepare(deployment_id, key)

    def activities_under_way(self) -> int:
        """How many run here now."""
        return self._routing.under_way

    async def drain(self) -> None:
        """Takes no new work, lets what is under way end, sends what is to be reported."""
        if not self.finished.done():
            await self._worker.shutdown()
        await self.finished

    async def _run(self) -> None:
        try:
            await self._worker.run()
        finally:
            await self._reporter.close()
            self._server.close()


class _CodeLoader:
    """Loads what an execution needs before it is created, and passes on what comes of its activations."""

    def __init__(self, revisions: Revisions, queue: str, reporter: Reporter) -> None:
        self._revisions = revisions
        self._queue = queue
        self._reporter = reporter
        self.problems: dict[str, Exception] = {}

    async def before_start(self, workflow_type: str, lock: Mapping[str, Any]) -> None:
        """Its revision, and those of its children that this host serves: their results are typed by their own code."""
        children = {entry["type"] for entry in lock.values() if entry.get("queue") == self._queue}
        found = await asyncio.gather(*(self._load(wanted) for wanted in {workflow_type, *children}))
        problem = next((problem for problem in found if problem is not None), None)
        if problem is None:
            self.problems.pop(workflow_type, None)
        else:
            self.problems[workflow_type] = problem

    def after_good(self, run: Run) -> None:
        """Sends the state report that is due."""
        report = due_report(run.run_id)
        if report is not None:
            self._reporter.report(report)

    def after_eviction(self, run: Run) -> None:
        """Lets go of what is kept for a run."""
        forget(run.run_id)

    async def _load(self, workflow_type: str) -> Exception | None:
        try:
            await self._revisions.load(workflow_type)
        except Exception as error:
            log.warning("could not load %s: %s", workflow_type, error)
            return error
        return None


async def start_tenant_host(settings: HostSettings) -> TenantHost:
    """
    Connects and begins to serve; the SDK has been set up before.

    :raises RuntimeError: when Temporal cannot be reached
    """
    Path(settings.storage).mkdir(parents=True, exist_ok=True)
    server = Server(settings.server, settings.key)
    revisions = Revisions(settings.workflows, settings.tenant.slug, server)
    reporter = Reporter(server, _not_taken)
    code = _CodeLoader(revisions, settings.queue, reporter)
    health = CodeHealth(_folder_of, reporter.report)
    executor = ThreadPoolExecutor(ACTIVITIES_AT_ONCE, thread_name_prefix="activity")
    routing = ActivityRouting(revisions, SDK_ACTIVITIES, executor)
    worker = make_worker(
        await connect(settings.temporal),
        settings.queue,
        RevisionRunner(_served, code.problems),
        [TaskInterceptor(), routing],
        executor,
    )
    observe(worker, code, health)
    return TenantHost(worker, server, reporter, Preparing(settings, server, revisions), routing)


def _not_taken(error: Exception) -> None:
    level = logging.INFO if isinstance(error, ServerAway) else logging.WARNING
    log.log(level, "the server did not take a report, trying again: %s", error)


def _served(workflow_type: str) -> Any:
    revision = loaded(workflow_type)
    return revision.served if revision else None


def _folder_of(workflow_type: str) -> Path | None:
    revision = loaded(workflow_type)
    return revision.dir if revision else None
