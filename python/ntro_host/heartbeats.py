"""
The host beats for activities whose author asked for no heartbeats: without them the end of a host in the middle of an activity shows only when the
activity's whole time is over.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from typing import Any

from temporalio import activity, workflow
from temporalio.worker import (
    ActivityOutboundInterceptor,
    StartActivityInput,
    WorkflowInboundInterceptor,
    WorkflowOutboundInterceptor,
)

HOST_HEARTBEAT = timedelta(seconds=15, milliseconds=1)
"""The timeout of such activities. The odd millisecond tells it from one that the author chose, whose heartbeats are the author's own."""

_BEAT_SECONDS = 5.0


class HostHeartbeats(WorkflowInboundInterceptor):
    """In workflow code: gives activities without a heartbeat timeout that of the host."""

    def init(self, outbound: WorkflowOutboundInterceptor) -> None:
        """Puts itself before what starts activities."""
        self.next.init(_Asking(outbound))


class _Asking(WorkflowOutboundInterceptor):
    def start_activity(self, input: StartActivityInput) -> workflow.ActivityHandle[Any]:
        if input.heartbeat_timeout is None:
            input.heartbeat_timeout = HOST_HEARTBEAT
        return self.next.start_activity(input)


class RememberedHeartbeat(ActivityOutboundInterceptor):
    """Remembers an activity's last heartbeat: a beat of the host repeats its details, which a retry may need."""

    details: Sequence[Any] = ()

    def heartbeat(self, *details: Any) -> None:
        """Passes it on."""
        self.details = details
        self.next.heartbeat(*details)


@contextlib.asynccontextmanager
async def beating(heartbeats: RememberedHeartbeat | None) -> AsyncIterator[None]:
    """Beats while an activity runs, if it is one of those."""
    if heartbeats is None or activity.info().heartbeat_timeout != HOST_HEARTBEAT:
        yield
        return
    beats = asyncio.create_task(_beat(heartbeats))
    try:
        yield
    finally:
        beats.cancel()


async def _beat(heartbeats: RememberedHeartbeat) -> None:
    while True:
        await asyncio.sleep(_BEAT_SECONDS)
        heartbeats.heartbeat(*heartbeats.details)
