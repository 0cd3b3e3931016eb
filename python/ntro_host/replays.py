"""The replays that a host was asked for: fetched, tried one at a time, reported."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from temporalio.client import Client, WorkflowHistory
from temporalio.service import RPCError

from .messages import Replay
from .observed_bridge import lock_in
from .replay import Replaying, Report
from .revisions import Revision
from .server import Server, ServerAway, ServerRefused

log = logging.getLogger("ntro_host")

Load = Callable[[str, Mapping[str, Any]], Awaitable[Revision]]
"""The revision of a workflow type, once that of the children in a lock is loaded too. Raises what loading raises."""


class Replays:
    """Replays for one tenant. Used from one event loop, which goes on turning meanwhile."""

    def __init__(self, client: Client, server: Server, load: Load, replaying: Replaying) -> None:
        self._client = client
        self._server = server
        self._load = load
        self._replaying = replaying
        self._one = asyncio.Lock()

    async def run(self, wanted: Replay) -> None:
        """Tries one when those before it are done, and reports it; a report that the server does not take is left to be asked for again."""
        async with self._one:
            try:
                report = await self._try(wanted)
            except Exception as error:
                log.warning("the history of %s could not be tried: %s", wanted.workflow_id, error)
                report = {"status": "failed", "message": _said(error)}
            try:
                await self._server.replay(wanted.id, report)
            except (ServerAway, ServerRefused) as error:
                log.warning("the server did not take the report of a replay: %s", error)

    async def _try(self, wanted: Replay) -> Report:
        history = await self._client.get_workflow_handle(wanted.workflow_id).fetch_history()
        revision = await self._load(wanted.workflow_type, _lock(history))
        return await self._replaying.report(history, revision)


def _lock(history: WorkflowHistory) -> Mapping[str, Any]:
    return lock_in(history.events[0].workflow_execution_started_event_attributes.memo)


def _said(error: Exception) -> str:
    if isinstance(error, RPCError):
        return f"Temporal does not give the history: {error.message}"
    return str(error) or type(error).__name__
