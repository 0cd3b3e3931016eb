"""Which reports go out, and when."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

import pytest

from ntro_host import reporter
from ntro_host.reporter import Report, Reporter
from ntro_host.server import Json, ServerAway


class Server:
    """Takes reports, unless it is away."""

    def __init__(self) -> None:
        self.requests: list[list[Json]] = []
        self.times: list[float] = []
        self.away = 0
        self.took = asyncio.Event()

    async def report(self, reports: Sequence[Json]) -> None:
        if self.away:
            self.away -= 1
            raise ServerAway("away")
        self.requests.append(list(reports))
        self.times.append(time.monotonic())
        self.took.set()

    async def next(self) -> None:
        """Returns after a request that nobody has waited for yet."""
        await self.took.wait()
        self.took.clear()


def state(workflow: str = "w", seq: int = 1, *, run: str = "r", gates: int = 0, closing: str | None = None) -> Report:
    return {
        "kind": "state",
        "workflow_id": workflow,
        "run_id": run,
        "seq": seq,
        "gates": [{}] * gates,
        "closing": closing,
    }


def failing(workflow: str = "w") -> Report:
    return {"kind": "code_failing", "workflow_id": workflow, "run_id": "r"}


def sent(server: Server) -> list[list[tuple[object, object]]]:
    return [[(each["kind"], each.get("seq")) for each in request] for request in server.requests]


def test_only_the_newest_of_each_workflow() -> None:
    async def run() -> Server:
        server = Server()
        mine = Reporter(server, lambda _: None)
        for report in (state(seq=1), state(seq=3), state(seq=2), state("other"), failing()):
            mine.report(report)
        await mine.close()
        return server

    server = asyncio.run(run())
    assert sent(server) == [[("state", 3), ("state", 1), ("code_failing", None)]]


def test_another_run_begins_anew() -> None:
    async def run() -> Server:
        server = Server()
        mine = Reporter(server, lambda _: None)
        mine.report(state(seq=9))
        mine.report(state(seq=1, run="next"))
        await mine.close()
        return server

    assert sent(asyncio.run(run())) == [[("state", 1)]]


def test_steps_are_gathered_and_what_somebody_waits_for_is_not() -> None:
    async def run() -> tuple[Server, float]:
        server = Server()
        mine = Reporter(server, lambda _: None)
        mine.report(state(seq=1))
        await server.next()
        mine.report(state(seq=2))
        mine.report(state(seq=3))
        for _ in range(5):
            await asyncio.sleep(0)
        assert len(server.requests) == 1
        before = time.monotonic()
        mine.report(state(seq=4, gates=1))
        await server.next()
        await mine.close()
        return server, server.times[1] - before

    server, waited = asyncio.run(run())
    assert sent(server) == [[("state", 1)], [("state", 4)]]
    assert waited < reporter.PACE_SECONDS


def test_waits_while_the_server_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    errors: list[Exception] = []

    async def run() -> Server:
        server = Server()
        server.away = 2
        mine = Reporter(server, errors.append)
        mine.report(state(seq=1))
        while len(errors) < 2:
            mine.report(state(seq=len(errors) + 2))
            await asyncio.sleep(0.001)
        await server.next()
        return server

    monkeypatch.setattr(reporter, "RETRY_SECONDS", 0.005)
    server = asyncio.run(run())
    assert len(errors) == 2
    assert sent(server)[0][0][1] in (2, 3)


def test_a_host_that_stops_sends_once() -> None:
    async def run() -> Server:
        server = Server()
        server.away = 1
        mine = Reporter(server, lambda _: None)
        mine.report(state(seq=1))
        await mine.close()
        return server

    assert asyncio.run(run()).requests == []
