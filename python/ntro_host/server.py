"""The server's worker routes (``packages/contract/src/routes.ts``), as far as a host needs them."""

from __future__ import annotations

import asyncio
import http.client
import json
import time
from collections.abc import Mapping, Sequence
from typing import Protocol
from urllib.parse import quote

from .http_connection import Answer, JsonConnection
from .install import RevisionContent

_TIMEOUT_SECONDS = 20.0
_AWAY = frozenset({502, 503, 504})
"""What a proxy, or a server that is just stopping, answers instead of the server."""
_AGAIN_SECONDS = (0.1, 0.25, 0.5, 1.0)

Json = Mapping[str, object]


class ServerAway(Exception):
    """The server gave no answer; later it may."""


class ServerRefused(Exception):
    """The server refused a request; asking again changes nothing."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(f"{message} ({code or status})")
        self.status = status
        self.code = code


class Reports(Protocol):
    """Whoever takes state reports."""

    async def report(self, reports: Sequence[Json]) -> None:
        """Takes reports. Raises :class:`ServerAway` when it could not."""


class Server:
    """A client with a host's key. Requests are repeated while the server is away, as long as each method says."""

    def __init__(self, url: str, key: str) -> None:
        """:param url: such as ``http://127.0.0.1:3000/v1``"""
        self._connection = JsonConnection(url, {"authorization": f"Bearer {key}"}, _TIMEOUT_SECONDS)

    async def revision(self, tenant_slug: str, workflow_type: str, patience: float = 3.0) -> RevisionContent:
        """
        A revision by its workflow type.

        :param patience: seconds to repeat while the server is away
        :raises ServerAway: after that
        :raises ServerRefused: when there is no such revision
        """
        path = f"/internal/tenants/{quote(tenant_slug, safe='')}/revisions/{quote(workflow_type, safe='')}"
        answer = await self._patiently("GET", path, None, patience)
        return RevisionContent.model_validate_json(answer.body)

    async def deployment(self, deployment_id: str, report: Json, patience: float = 600.0) -> None:
        """Tells how a deployment goes: ``progress``, ``ready`` or ``failed``. Raises as :meth:`revision` does."""
        await self._patiently("POST", f"/internal/deployments/{quote(deployment_id, safe='')}", report, patience)

    async def replay(self, replay_id: str, report: Json, patience: float = 60.0) -> None:
        """Tells what came of a replay. Raises as :meth:`revision` does."""
        await self._patiently("POST", f"/internal/replays/{quote(replay_id, safe='')}", report, patience)

    async def report(self, reports: Sequence[Json]) -> None:
        """Sends state reports, once. Raises :class:`ServerAway` or :class:`ServerRefused`."""
        await self._once("POST", "/internal/reports", {"reports": list(reports)})

    def close(self) -> None:
        """Takes no more requests."""
        self._connection.close()

    async def _patiently(self, method: str, path: str, body: Json | None, patience: float) -> Answer:
        end = time.monotonic() + patience
        attempt = 0
        while True:
            try:
                return await self._once(method, path, body)
            except ServerAway:
                pause = _AGAIN_SECONDS[min(attempt, len(_AGAIN_SECONDS) - 1)]
                if time.monotonic() + pause > end:
                    raise
            attempt += 1
            await asyncio.sleep(pause)

    async def _once(self, method: str, path: str, body: Json | None) -> Answer:
        try:
            answer = await self._connection.request(method, path, body)
        except (OSError, http.client.HTTPException) as error:
            raise ServerAway(f"No answer from the server: {type(error).__name__} {error}".rstrip()) from error
        if answer.status < 300:
            return answer
        code, message = _error_of(answer)
        if not code and answer.status in _AWAY:
            raise ServerAway(f"The server is not there: its place answers {answer.status}.")
        raise ServerRefused(answer.status, code, message)


def _error_of(answer: Answer) -> tuple[str, str]:
    try:
        body = json.loads(answer.body)
    except ValueError:
        body = None
    said = f"The server answered {answer.status}."
    if not isinstance(body, dict):
        return "", said
    return str(body.get("code") or ""), str(body.get("message") or said)
