"""JSON over HTTP/1.1 with connections that stay open. The SDK's HTTP client costs some 3 ms of processor time for a request, and a task makes several."""

from __future__ import annotations

import asyncio
import http.client
import json
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from urllib.parse import urlsplit

_THREADS = 4


@dataclass(frozen=True)
class Answer:
    """What a server answered."""

    status: int
    body: bytes


class JsonConnection:
    """Requests to one server, from any number of tasks of one event loop."""

    def __init__(self, url: str, headers: Mapping[str, str], timeout: float) -> None:
        """
        :param url: the beginning of all requests' addresses, such as ``http://127.0.0.1:3000/v1``
        :param timeout: seconds without a sign of the server until a request fails
        """
        self._url = urlsplit(url)
        self._headers = headers
        self._timeout = timeout
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="server")
        self._mine = threading.local()

    async def request(self, method: str, path: str, body: object = None) -> Answer:
        """
        Sends a request and reads its answer.

        :param body: sent as JSON unless it is None
        :raises OSError, http.client.HTTPException: when there is no answer
        """
        content = None if body is None else json.dumps(body, ensure_ascii=False).encode()
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._request, method, path, content)

    def close(self) -> None:
        """Takes no more requests; connections end with the process."""
        self._threads.shutdown(wait=False)

    def _request(self, method: str, path: str, content: bytes | None) -> Answer:
        known: http.client.HTTPConnection | None = getattr(self._mine, "connection", None)
        if known is not None:
            try:
                return self._send(known, method, path, content)
            except (ConnectionError, http.client.BadStatusLine):
                # The server has closed it between two requests.
                known.close()
        self._mine.connection = self._connect()
        return self._send(self._mine.connection, method, path, content)

    def _send(self, connection: http.client.HTTPConnection, method: str, path: str, content: bytes | None) -> Answer:
        headers = dict(self._headers)
        if content is not None:
            headers["content-type"] = "application/json"
        try:
            connection.request(method, self._url.path + path, body=content, headers=headers)
            response = connection.getresponse()
            return Answer(response.status, response.read())
        except BaseException:
            # What is left of a broken exchange would be taken for the next one's answer.
            self._mine.connection = None
            connection.close()
            raise

    def _connect(self) -> http.client.HTTPConnection:
        kind = http.client.HTTPSConnection if self._url.scheme == "https" else http.client.HTTPConnection
        return kind(self._url.hostname or "", self._url.port, timeout=self._timeout)
