"""Runs one tenant's Python bundles of one environment: one Temporal worker, every revision by its workflow type."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from temporalio.worker import Worker

from .activities import ActivityRouting
from .code_health import CodeHealth, Run
from .corrections import SDK_ACTIVITIES
from .messages import HostSettings, Repair, Replay, RevisionKey
from .observed_bridge import observe
from .prepare import Preparing
from .repairs import Repairs
from .replay import Replaying
from .replays import Replays
from .reporter import Reporter
from .revisions import Revision, Revisions, loaded
from .runner import RevisionRunner
from .server import Server, ServerAway
from .task import TaskInterceptor, due_report, forget
from .worker import ACTIVITIES_AT_ONCE, connect, make_worker

log = logging.getLogger("ntro_host")


class TenantHost:
    """A running host. Made by :func:`start_tenant_host`."""

    def __init__(self, worker: Worker, parts: _Parts) -> None:
        self._worker = worker
        self._parts = parts
        self.finished: asyncio.Task[None] = asyncio.create_task(self._run())
        """Ends when the host is drained; fails when the worker failed."""

    async def prepare(self, deployment_id: str, key: RevisionKey, dry_run: bool) -> None:
        """Makes a deployment ready, or tries whether it could be. Raises as :meth:`Preparing.prepare` does."""
        await self._parts.preparing.prepare(deployment_id, key, dry_run)

    def use_repairs(self, repairs: Sequence[Repair]) -> None:
        """Takes all repairs in force, in place of those told before."""
        self._parts.repairs.replace(repairs)

    async def replay(self, wanted: Replay) -> None:
        """Tries a history on the code of a revision and reports it. Raises nothing."""
        await self._parts.replays.run(wanted)

    def activities_under_way(self) -> int:
        """How many run here now."""
        return self._parts.routing.under_way

    async def drain(self) -> None:
        """Takes no new work, lets what is under way end, sends what is to be reported."""
        if not self.finished.done():
            await self._worker.shutdown()
        await self.finished

    async def _run(self) -> None:
        try:
            await self._worker.run()
        finally:
            await self._parts.reporter.close()
            self._parts.server.close()


@dataclass(frozen=True)
class _Parts:
    server: Server
    reporter: Reporter
    repairs: Repairs
    preparing: Preparing
    replays: Replays
    routing: ActivityRouting


class _CodeLoader:
    """Loads what an execution needs before it is created, and passes on what comes of its activations."""

    def __init__(self, revisions: Revisions, queue: str, reporter: Reporter) -> None:
        self._revisions = revisions
        self._queue = queue
        self._reporter = reporter
        self.problems: dict[str, Exception] = {}
        self.codes: dict[str, str] = {}
        """The workflow type whose code each run has, by run id."""

    async def before_run(self, run: Run, lock: Mapping[str, Any]) -> None:
        """Loads its revision, and those of children that this host serves: their results are typed by their own code."""
        self.codes[run.run_id] = run.code
        try:
            await self.load(run.code, lock)
            self.problems.pop(run.code, None)
        except Exception as error:
            self.problems[run.code] = error

    async def load(self, code: str, lock: Mapping[str, Any]) -> Revision:
        """The same, given. Raises what loading one of them raises."""
        children = {entry["type"] for entry in lock.values() if entry.get("queue") == self._queue}
        revision, *_ = await asyncio.gather(*(self._load(wanted) for wanted in (code, *(children - {code}))))
        return revision

    def after_good(self, run: Run) -> None:
        """Sends the state report that is due."""
        report = due_report(run.run_id)
        if report is not None:
            self._reporter.report(report)

    def after_eviction(self, run: Run) -> None:
        """Lets go of what is kept for a run."""
        self.codes.pop(run.run_id, None)
        forget(run.run_id)

    async def _load(self, workflow_type: str) -> Revision:
        try:
            return await self._revisions.load(workflow_type)
        except Exception as error:
            log.warning("could not load %s: %s", workflow_type, error)
            raise


async def start_tenant_host(settings: HostSettings) -> TenantHost:
    """
    Connects and begins to serve; the SDK has been set up before.

    :raises RuntimeError: when Temporal cannot be reached
    """
    Path(settings.storage).mkdir(parents=True, exist_ok=True)
    server = Server(settings.server, settings.key)
    revisions = Revisions(settings.workflows, settings.tenant.slug, server)
    reporter = Reporter(server, _not_taken)
    repairs = Repairs(settings.repairs)
    code = _CodeLoader(revisions, settings.queue, reporter)
    executor = ThreadPoolExecutor(ACTIVITIES_AT_ONCE, thread_name_prefix="activity")
    routing = ActivityRouting(revisions, repairs, SDK_ACTIVITIES, executor)
    interceptors = [TaskInterceptor(), routing]
    client = await connect(settings.temporal)
    runner = RevisionRunner(_served, code.problems, code.codes)
    worker = make_worker(client, settings.queue, runner, interceptors, executor)
    observe(worker, code, CodeHealth(_folder_of, reporter.report), repairs)
    replays = Replays(client, server, code.load, Replaying(client, settings.queue, interceptors))
    preparing = Preparing(settings, server, revisions)
    return TenantHost(worker, _Parts(server, reporter, repairs, preparing, replays, routing))


def _not_taken(error: Exception) -> None:
    level = logging.INFO if isinstance(error, ServerAway) else logging.WARNING
    log.log(level, "the server did not take a report, trying again: %s", error)


def _served(workflow_type: str) -> Any:
    revision = loaded(workflow_type)
    return revision.served if revision else None


def _folder_of(workflow_type: str) -> Path | None:
    revision = loaded(workflow_type)
    return revision.dir if revision else None
