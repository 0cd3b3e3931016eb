"""State reports on their way to the server: the rules of ``packages/worker/src/host/reporter.ts``."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

from .server import Reports

Report = Mapping[str, object]
"""A ``StateReport`` as ``packages/contract/src/protocol.ts`` has it."""

RETRY_SECONDS = 1.0
"""After a report could not be sent."""
PACE_SECONDS = 0.05
"""From one request to the next, when all that is to tell is that steps moved on."""
BATCH = 500


class Reporter:
    """
    Sends reports one request at a time, only the newest of each workflow. What somebody waits for (a gate, an end, failing code) goes out at once; steps
    that move on are gathered for a moment, as each request costs the server a transaction. While the server is away reports wait here; what a host takes
    to its grave the server repairs from Temporal. Used from one event loop.
    """

    def __init__(self, server: Reports, on_error: Callable[[Exception], None]) -> None:
        """:param on_error: told of each request that failed"""
        self._server = server
        self._on_error = on_error
        self._waiting: dict[tuple[bool, str], Report] = {}
        self._sending: asyncio.Task[None] | None = None
        self._hurry = asyncio.Event()
        self._closed = False

    def report(self, report: Report) -> None:
        """Takes a report; never blocks and never raises."""
        key = (report["kind"] == "state", str(report["workflow_id"]))
        earlier = self._waiting.get(key)
        if earlier is not None and _is_newer(earlier, report):
            return
        self._waiting[key] = report
        if _is_urgent(report):
            self._hurry.set()
        if self._sending is None:
            self._sending = asyncio.create_task(self._send())

    async def close(self) -> None:
        """Sends what waits, once; for a host that stops."""
        self._closed = True
        self._hurry.set()
        if self._sending is not None:
            await self._sending

    async def _send(self) -> None:
        # In the next turn, so that all reports of this one go out together.
        await asyncio.sleep(0)
        while self._waiting:
            self._hurry.clear()
            keys = list(self._waiting)[:BATCH]
            batch = {key: self._waiting.pop(key) for key in keys}
            try:
                await self._server.report(list(batch.values()))
                if not self._closed:
                    await self._pause(PACE_SECONDS)
            except Exception as error:
                self._on_error(error)
                for key, report in batch.items():
                    self._waiting.setdefault(key, report)
                if self._closed:
                    break
                await asyncio.sleep(RETRY_SECONDS)
        self._sending = None

    async def _pause(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._hurry.wait(), seconds)
        except TimeoutError:
            return


def _is_newer(earlier: Report, report: Report) -> bool:
    return (
        earlier["kind"] == report["kind"] == "state"
        and earlier["run_id"] == report["run_id"]
        and _seq(earlier) > _seq(report)
    )


def _seq(report: Report) -> int:
    seq = report.get("seq")
    return seq if isinstance(seq, int) else 0


def _is_urgent(report: Report) -> bool:
    """Whether somebody may be waiting for what a report tells."""
    return report["kind"] != "state" or report.get("closing") is not None or bool(report.get("gates"))
