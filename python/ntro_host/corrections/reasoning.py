"""
Defects of ntro 0.1.2, ``capabilities/trace.py``: every fragment of a model's answer is a request of its own, each
awaited for up to a minute before the next fragment is taken, so that a slow listener makes the extraction slow.

Instead: one request at a time, with all that gathered meanwhile; the extraction never waits for it, but at the end for
at most :data:`LAST_WORDS_S`. A listener that fails twice is left alone. Bodies and headers are as published (numbers go
on from a random start).
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from random import randint

import httpx
import ntro.capabilities.trace as sdk
from ntro.capabilities import config

from .published import replace

LAST_WORDS_S = 5.0
REQUEST_S = 10.0
CHUNK = 32_000
"""Characters in one request, at most."""
KEPT = 1_000_000
"""Characters that wait for a slow listener, at most; what comes after is left out."""

_log = logging.getLogger(__name__)


def apply() -> None:
    """Replaces the sink, by its name."""
    replace("HttpReasoningTraceSink", ReasoningSink, sdk)


class ReasoningSink:
    """Tells the tenant's server what a model is saying. Best effort: nothing in it raises, but for cancellation."""

    def __init__(
        self,
        *,
        task_id: str,
        activity_name: str,
        source_label: str | None = None,
        base_url: str | None = None,
        internal_key: str | None = None,
    ) -> None:
        """As published; address and key are those of the host unless they are given."""
        cfg = config.get()
        self._url = f"{(base_url or cfg.tenant_api_url).rstrip('/')}/tasks/{task_id}/events"
        key = cfg.internal_reasoning_key if internal_key is None else internal_key
        self._headers = {"x-ntro-events-key": key} if key else {}
        self._activity = activity_name
        self._label = source_label.strip() if source_label else None
        # The receiving column is a 32-bit integer.
        self._seq = randint(1_000_000_000, 2_000_000_000)
        self._phases: list[str] = []
        self._text = ""
        self._wake = asyncio.Event()
        self._sender: asyncio.Task[None] | None = None

    async def begin(self) -> None:
        """Announces an answer."""
        self._say("start")

    async def emit_delta(self, text: str) -> None:
        """Adds to the answer; returns at once."""
        if text and len(self._text) < KEPT:
            self._text += text
            self._say(None)

    async def finish(self) -> None:
        """Sends what is left, and that this was all."""
        self._say("end")
        sender, self._sender = self._sender, None
        if sender is None:
            return
        try:
            await asyncio.wait([sender], timeout=LAST_WORDS_S)
        finally:
            sender.cancel()

    def _say(self, phase: str | None) -> None:
        if phase is not None:
            self._phases.append(phase)
        if self._sender is None:
            self._sender = asyncio.create_task(self._send())
        self._wake.set()

    async def _send(self) -> None:
        with contextlib.suppress(asyncio.CancelledError):
            try:
                async with httpx.AsyncClient(headers=self._headers, timeout=REQUEST_S, trust_env=False) as client:
                    await self._deliver(client)
            except Exception as error:
                _log.warning("Nobody takes the reasoning of %s: %s %s", self._activity, type(error).__name__, error)

    async def _deliver(self, client: httpx.AsyncClient) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            if "start" in self._phases:
                self._phases.remove("start")
                await self._post(client, "start", "")
            while self._text:
                chunk, self._text = self._text[:CHUNK], self._text[CHUNK:]
                await self._post(client, "delta", chunk)
            if "end" in self._phases:
                await self._post(client, "end", "")
                return

    async def _post(self, client: httpx.AsyncClient, phase: str, chunk: str) -> None:
        body = {
            "type": f"reasoning.{phase}",
            "source": "worker",
            "sourceLabel": self._label,
            "seq": self._seq,
            "groupKey": self._activity,
            "payload": {"phase": phase, "chunk": chunk, "activityName": self._activity},
        }
        self._seq += 1
        for last in (False, True):
            try:
                (await client.post(self._url, json=body)).raise_for_status()
                return
            except httpx.HTTPError:
                if last:
                    raise
