"""
The host beats for activities whose author asked for no heartbeats: without them the end of a host in the middle of an activity shows only when the
activity's whole time is over.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from typing import Any

from temporalio import activity, workflow
from temporalio.api.common.v1 import Payload
from temporalio.bridge.proto import ActivityHeartbeat
from temporalio.worker import (
    ActivityOutboundInterceptor,
    StartActivityInput,
    WorkflowInboundInterceptor,
    WorkflowOutboundInterceptor,
)

log = logging.getLogger("ntro_host")

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

    details: Sequence[Payload] = ()

    def heartbeat(self, *details: Any) -> None:
        """Passes it on."""
        self.details = activity.payload_converter().to_payloads(details)
        self.next.heartbeat(*details)


class Beats:
    """
    Beats for the activities of one worker, from a thread of its own: an ``async def`` activity that computes for long holds up the event loop,
    and must not be taken for one whose host died.
    """

    def __init__(self, record: Callable[[ActivityHeartbeat], None], seconds: float = _BEAT_SECONDS) -> None:
        """
        :param record: hands a heartbeat to Core; may be called from any thread
        :param seconds: from one beat to the next
        """
        self._record = record
        self._seconds = seconds
        self._running: dict[bytes, RememberedHeartbeat] = {}
        self._thread: threading.Thread | None = None

    @contextlib.contextmanager
    def during(self, heartbeats: RememberedHeartbeat | None) -> Iterator[None]:
        """Beats while an activity runs, if its author asked for no heartbeats. Entered in the activity's context, on the event loop."""
        info = activity.info()
        if heartbeats is None or info.heartbeat_timeout != HOST_HEARTBEAT:
            yield
            return
        self._running[info.task_token] = heartbeats
        if self._thread is None:
            self._thread = threading.Thread(target=self._beat, name="heartbeats", daemon=True)
            self._thread.start()
        try:
            yield
        finally:
            del self._running[info.task_token]

    def _beat(self) -> None:
        while True:
            time.sleep(self._seconds)
            for token, heartbeats in list(self._running.items()):
                try:
                    self._record(ActivityHeartbeat(task_token=token, details=heartbeats.details))
                except Exception as error:
                    # The activity may have ended meanwhile, or the worker is shutting down.
                    log.debug("a heartbeat was not taken: %s", error)
