"""What a model says, told to a listener while it says it."""

from __future__ import annotations

import asyncio
import json
import threading
import time

import pytest
from conftest import SettingUp
from http_stand_in import Answer, Request, serving
from ntro.capabilities import ai, trace

from ntro_host.corrections import activity_context, reasoning


def sink(url: str) -> trace.HttpReasoningTraceSink:
    return trace.HttpReasoningTraceSink(
        task_id="7", activity_name="extract_fields", source_label=" Rent roll ", base_url=f"{url}/v1/", internal_key="k"
    )


async def tell(url: str, pieces: list[str]) -> float:
    """Seconds that the teller was kept before the end."""
    listener = sink(url)
    begun = time.monotonic()
    await listener.begin()
    for piece in pieces:
        await listener.emit_delta(piece)
        await asyncio.sleep(0)
    kept = time.monotonic() - begun
    await listener.finish()
    return kept


def test_bodies_and_headers_are_as_published() -> None:
    with serving(lambda _: Answer(status=201)) as listener:
        asyncio.run(tell(listener.url, ["a", "", "b"]))
    bodies = [request.json() for request in listener.requests]
    assert {(request.method, request.path) for request in listener.requests} == {("POST", "/v1/tasks/7/events")}
    assert {request.headers["x-ntro-events-key"] for request in listener.requests} == {"k"}
    assert [body["type"] for body in bodies][-1] == "reasoning.end"
    first = bodies[0]
    assert first == {
        "type": "reasoning.start",
        "source": "worker",
        "sourceLabel": "Rent roll",
        "seq": first["seq"],
        "groupKey": "extract_fields",
        "payload": {"phase": "start", "chunk": "", "activityName": "extract_fields"},
    }
    start = int(str(first["seq"]))
    assert 1_000_000_000 <= start <= 2_000_000_000
    assert [body["seq"] for body in bodies] == list(range(start, start + len(bodies)))
    assert said(listener.requests) == "ab"


def said(requests: list[Request]) -> str:
    payloads = [json.loads(request.body)["payload"] for request in requests]
    return "".join(payload["chunk"] for payload in payloads)


def test_a_slow_listener_gets_few_requests_and_keeps_nobody_waiting() -> None:
    def slowly(_: Request) -> Answer:
        time.sleep(0.1)
        return Answer(status=201)

    pieces = [f"{number} " for number in range(200)]
    with serving(slowly) as listener:
        kept = asyncio.run(tell(listener.url, pieces))
    assert said(listener.requests) == "".join(pieces)
    assert len(listener.requests) <= 5
    assert kept < 0.5


def test_one_failure_is_repeated_and_two_end_it(caplog: pytest.LogCaptureFixture) -> None:
    answers = iter([Answer(status=503), Answer(status=201), Answer(status=201), Answer(status=201)])
    with serving(lambda _: next(answers)) as listener:
        asyncio.run(tell(listener.url, ["a"]))
    assert [json.loads(request.body)["payload"]["phase"] for request in listener.requests] == [
        "start",
        "start",
        "delta",
        "end",
    ]
    with serving(lambda _: Answer(status=403)) as listener:
        asyncio.run(tell(listener.url, ["a", "b"]))
    assert len(listener.requests) == 2
    assert "Nobody takes the reasoning of extract_fields: HTTPStatusError" in caplog.text
    asyncio.run(tell(listener.url, ["nobody is there"]))


def test_a_listener_that_hangs_is_left_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reasoning, "LAST_WORDS_S", 0.2)
    release = threading.Event()

    def hang(_: Request) -> Answer:
        release.wait(20)
        return Answer()

    async def tell_and_time() -> float:
        begun = time.monotonic()
        await tell(listener.url, ["a"])
        return time.monotonic() - begun

    with serving(hang) as listener:
        try:
            assert asyncio.run(tell_and_time()) < 5
        finally:
            release.set()


def test_an_extraction_is_what_it_is_whether_or_not_somebody_listens(host_of_acme: SettingUp) -> None:
    pieces = ['{"fields": ', '{"a": 1}}']
    events = [{"choices": [{"delta": {"content": piece}}]} for piece in pieces]
    streamed = "".join(f"data: {json.dumps(event)}\n\n" for event in events)

    async def extract(url: str) -> dict[str, object]:
        fields: dict[str, object] = (await ai.extract(content="x", schema_slug="s", trace=sink(url))).fields
        return fields

    with (
        serving(lambda _: Answer(streamed)) as endpoint,
        serving(lambda _: Answer(status=500)) as listener,
        activity_context([{"ai": {"provider": "NTROPII"}}]),
    ):
        host_of_acme(NTRO_AI_BASE_URL=endpoint.url)
        assert asyncio.run(extract(listener.url)) == {"a": 1}
    assert listener.requests
