"""Extractions and checks, asked of an endpoint of the test."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from types import SimpleNamespace

import asyncpg
import pytest
from conftest import SettingUp
from http_stand_in import Answer, Request, serving
from ntro.capabilities import ai, checks
from published_sdk import published
from temporalio.exceptions import ApplicationError

from ntro_host.corrections import activity_context
from ntro_host.corrections.ai_answers import json_in, to_extraction
from ntro_host.corrections.ai_providers import AnthropicMessages, ChatCompletions, HttpProvider

KEY = "sk-very-secret"
INVOICE = json.dumps({"fields": {"total": 3}, "line_items": [{"n": 1}], "confidence_scores": {"total": 0.9}})


def chat(text: str) -> Answer:
    return Answer({"choices": [{"message": {"content": text}}]})


def stream(*pieces: str) -> Answer:
    events = [{"choices": [{"delta": {"content": piece}}]} for piece in pieces]
    return Answer("".join(f"data: {json.dumps(event)}\n\n" for event in events) + "data: [DONE]\n\n")


def extract(content: str = "x", model: str = "small", **more: object) -> ai.ExtractionResult:
    with activity_context([{"ai": {"provider": "NTROPII", "models": {"default": model}}}]):
        return asyncio.run(ai.extract(content=content, schema_slug="invoice", **more))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('{"fields": {}}', {"fields": {}}),
        ('[{"a": 1}]', [{"a": 1}]),
        ('Here it is [as asked]:\n```json\n{"fields": {"a": 1}}\n```\nBye {now}.', {"fields": {"a": 1}}),
        ('See note [1]. {"fields": {"a": [1, 2]}} and {}', {"fields": {"a": [1, 2]}}),
        ('[{"a": 1}, {"a": 2}', None),
        ('{"fields": {"a": 1}, "line_items": [{"b"', None),
        ("I cannot read this.", None),
        ("", None),
    ],
)
def test_finds_the_json_in_an_answer(text: str, found: object) -> None:
    assert json_in(text) == found


def test_one_row_in_an_array_is_a_row() -> None:
    result = to_extraction('[{"vendor": "JLL", "amount": 3}]', {"raw": 1}, "invoice")
    assert (result.fields, result.line_items) == ({}, [{"vendor": "JLL", "amount": 3}])
    assert (result.schema_slug, result.raw_response) == ("invoice", {"raw": 1})
    code = """
    from ntro.capabilities.ai import _parse_response
    result = _parse_response('[{"vendor": "JLL", "amount": 3}]', {}, "invoice").line_items
    """
    assert published(code) == []


def test_values_of_unexpected_shapes_do_not_end_the_activity() -> None:
    text = (
        '{"fields": ["a"], "line_items": [1, {"b": 2}], "confidence_scores": {"a": "high", "b": "0.5"}, "summary": 3}'
    )
    result = to_extraction(text, {}, "s")
    assert (result.fields, result.line_items) == ({}, [{"value": 1}, {"b": 2}])
    assert (result.confidence_scores, result.summary) == ({"b": 0.5}, "")


def test_a_local_endpoint_is_asked_with_its_key_and_model(host_of_acme: SettingUp) -> None:
    with serving(lambda _: chat(f"```json\n{INVOICE}\n```")) as endpoint:
        host_of_acme(NTRO_AI_BASE_URL=f"{endpoint.url}/v1/", NTRO_AI_API_KEY=KEY)
        result = extract(content="Invoice 7")
    assert (result.fields, result.line_items) == ({"total": 3}, [{"n": 1}])
    (request,) = endpoint.requests
    assert (request.method, request.path) == ("POST", "/v1/chat/completions")
    assert request.headers["authorization"] == f"Bearer {KEY}"
    assert request.json()["model"] == "small"
    assert "Invoice 7" in request.body


def test_without_a_key_none_is_sent(host_of_acme: SettingUp) -> None:
    with serving(lambda _: chat(INVOICE)) as endpoint:
        host_of_acme(NTRO_AI_BASE_URL=f"{endpoint.url}/v1")
        extract()
    assert "authorization" not in endpoint.requests[0].headers


def ask(provider: HttpProvider, streaming: bool) -> str:
    async def go() -> str:
        if not streaming:
            return (await provider.complete(prompt="p", model="m", max_tokens=9, timeout=5)).text
        return "".join([piece async for piece in provider.complete_stream(prompt="p", model="m", max_tokens=9)])

    return asyncio.run(go())


@pytest.mark.parametrize("streaming", [False, True])
@pytest.mark.parametrize("status", [400, 401, 403, 404])
def test_what_a_provider_refuses_is_said_in_its_words_without_the_key(status: int, streaming: bool) -> None:
    refusal = Answer({"error": {"message": f"Incorrect API key {KEY} (sk-ver*****cret), model m not found"}}, status)
    with serving(lambda _: refusal) as endpoint, pytest.raises(ApplicationError) as caught:
        ask(AnthropicMessages(KEY, endpoint.url), streaming)
    error = caught.value
    assert (error.type, error.non_retryable) == ("AiProviderRefused", True)
    expected = f"(HTTP {status}): Incorrect API key [key] ([key]), model m not found"
    assert error.message == f"Anthropic refused the request for model m {expected}"
    assert endpoint.requests[0].headers["x-api-key"] == KEY


@pytest.mark.parametrize("streaming", [False, True])
@pytest.mark.parametrize("status", [429, 500, 503, 529])
def test_what_passes_is_tried_again_when_the_provider_says(status: int, streaming: bool) -> None:
    busy = Answer("<html>overloaded</html>", status, {"retry-after": "7"})
    with serving(lambda _: busy) as endpoint, pytest.raises(ApplicationError) as caught:
        ask(ChatCompletions(endpoint.url), streaming)
    error = caught.value
    assert (error.type, error.non_retryable) == ("AiProviderFailed", False)
    assert error.next_retry_delay == timedelta(seconds=7)
    assert error.message == f"The AI endpoint failed (HTTP {status}): <html>overloaded</html>"


def test_an_endpoint_that_is_away_and_an_answer_that_is_no_json_are_tried_again() -> None:
    with serving(lambda _: Answer("<html>hello</html>")) as endpoint, pytest.raises(ApplicationError) as strange:
        ask(ChatCompletions(endpoint.url), streaming=False)
    assert strange.value.message == "The AI endpoint failed: its answer is no JSON object: <html>hello</html>"
    with pytest.raises(ApplicationError) as away:
        ask(ChatCompletions(endpoint.url), streaming=False)
    assert f"{endpoint.url}/chat/completions did not answer (ConnectError" in away.value.message
    assert not (strange.value.non_retryable or away.value.non_retryable)


def test_half_a_stream_is_no_answer() -> None:
    events = [
        {"type": "content_block_delta", "delta": {"type": "text_delta", "text": '{"fields": {}'}},
        {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}},
    ]
    broken = Answer("".join(f"event: x\ndata: {json.dumps(event)}\n\n" for event in events))
    with serving(lambda _: broken) as endpoint, pytest.raises(ApplicationError, match="Anthropic failed: Overloaded"):
        ask(AnthropicMessages(KEY, endpoint.url), streaming=True)


def test_a_stream_is_read_to_its_end() -> None:
    with serving(lambda _: stream("ab", "c")) as endpoint:
        assert ask(ChatCompletions(endpoint.url), streaming=True) == "abc"


def test_an_answer_that_comes_whole_where_a_stream_was_asked_for_is_read() -> None:
    pretty = Answer(json.dumps(chat("abc").body, indent=2))
    with serving(lambda _: pretty) as endpoint:
        assert ask(ChatCompletions(endpoint.url), streaming=True) == "abc"
    whole = Answer({"content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]})
    with serving(lambda _: whole) as endpoint:
        assert ask(AnthropicMessages(KEY, endpoint.url), streaming=True) == "ab"


@pytest.mark.parametrize("streaming", [False, True])
def test_an_error_with_status_200_is_one(streaming: bool) -> None:
    said = Answer({"error": {"message": f"Quota of {KEY} used up"}})
    with serving(lambda _: said) as endpoint, pytest.raises(ApplicationError) as caught:
        ask(ChatCompletions(endpoint.url), streaming)
    assert (caught.value.type, caught.value.non_retryable) == ("AiProviderFailed", False)
    assert caught.value.message == "The AI endpoint failed: Quota of [key] used up"


@pytest.mark.parametrize(
    ("body", "why"),
    [("", "is no JSON object: "), ("data: [DONE]\n\n", "is no JSON object: "), ('{"choices": []}', "has no text: ")],
)
def test_a_stream_that_says_nothing_is_no_empty_extraction(body: str, why: str) -> None:
    with serving(lambda _: Answer(body)) as endpoint, pytest.raises(ApplicationError) as caught:
        ask(ChatCompletions(endpoint.url), streaming=True)
    assert caught.value.message.startswith(f"The AI endpoint failed: its answer {why}")
    assert (caught.value.type, caught.value.non_retryable) == ("AiProviderFailed", False)


def test_another_model_is_asked_anew_and_the_same_one_is_not(tenant_database: str, host_of_acme: SettingUp) -> None:
    def answer(request: Request) -> Answer:
        return chat(json.dumps({"fields": {"by": request.json()["model"]}}))

    with serving(answer) as endpoint:
        host_of_acme(NTRO_AI_BASE_URL=endpoint.url)
        assert [extract(model=model).fields["by"] for model in ("small", "large", "small")] == [
            "small",
            "large",
            "small",
        ]
        assert len(endpoint.requests) == 2
        code = """
        from ntro.capabilities import ai
        def by(model):
            ai.use_config({"provider": "NTROPII", "models": {"default": model}})
            return asyncio.run(ai.extract(content="y", schema_slug="s")).fields["by"]
        async def forget():
            from ntro.data import clear_cache
            clear_cache()
        result = [by("small"), outcome(forget), by("large")]
        """
        environment = {
            "NTRO_TENANT_SLUG": "acme",
            "NTRO_TENANT_POSTGRES_URL": tenant_database,
            "NTRO_AI_BASE_URL": endpoint.url,
        }
        assert published(code, environment) == ["small", None, "small"]


def rows(url: str, table: str) -> list[asyncpg.Record]:
    async def read() -> list[asyncpg.Record]:
        connection = await asyncpg.connect(url)
        try:
            return await connection.fetch(f"select * from system.{table}")
        finally:
            await connection.close()

    return asyncio.run(read())


def test_an_answer_that_cannot_be_read_is_neither_kept_nor_read(tenant_database: str, host_of_acme: SettingUp) -> None:
    answers = iter(["I am sorry.", INVOICE])
    with serving(lambda _: chat(next(answers))) as endpoint:
        host_of_acme(NTRO_AI_BASE_URL=endpoint.url)
        empty = extract()
        assert (empty.fields, empty.line_items) == ({}, [])
        assert rows(tenant_database, "cache_extract") == []
        assert extract().fields == {"total": 3}
        assert extract().fields == {"total": 3}
        assert len(endpoint.requests) == 2
        spoil(tenant_database)
        answers = iter([INVOICE])
        assert extract().fields == {"total": 3}
        assert len(endpoint.requests) == 3
        # The unreadable row is replaced.
        assert extract().fields == {"total": 3}
        assert len(endpoint.requests) == 3


def spoil(url: str) -> None:
    async def write() -> None:
        connection = await asyncpg.connect(url)
        unreadable = to_extraction("I am sorry.", {"choices": []}, "invoice").model_dump_json()
        await connection.execute("update system.cache_extract set result = $1::jsonb", unreadable)
        await connection.close()

    asyncio.run(write())


SPEC = checks.QualityCheckSpec(id="rent", title="Rent is there", prompt="Is it?", source="rent_roll")


def check(**spec: object) -> checks.QualityCheckItem:
    settings = {"provider": "NTROPII", "models": {"judgement": "judge"}}
    return asyncio.run(checks.run_quality_check(SPEC.model_copy(update=spec), {"rent": 1}, None, settings))


def test_a_check_that_cannot_be_asked_is_skipped_and_says_why(host_of_acme: SettingUp) -> None:
    item = check()
    assert (item.status, item.source, item.title) == ("skipped", "rent_roll", "Rent is there")
    assert item.detail.startswith("Not checked: AI provider NTROPII has no address: set NTRO_AI_BASE_URL")


def test_checks_that_need_no_ai_are_the_sdks(host_of_acme: SettingUp) -> None:
    assert check(requires_baseline=True).status == "skipped"
    balanced = checks.QualityCheckSpec(id="journal_balanced", title="t", prompt="p", evaluator="code")
    lines = {"lines": [{"debit": 3}, {"credit": 3}]}
    assert asyncio.run(checks.run_quality_check(balanced, lines, None)).status == "pass"


def test_a_provider_that_fails_is_tried_again_and_then_a_warning(
    host_of_acme: SettingUp, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ntro_host.corrections import checks as corrected

    with serving(lambda _: Answer("busy", 503)) as endpoint:
        host_of_acme(NTRO_AI_BASE_URL=endpoint.url)
        monkeypatch.setattr(corrected.activity, "in_activity", lambda: True)
        monkeypatch.setattr(corrected.activity, "info", lambda: SimpleNamespace(attempt=3))
        with pytest.raises(ApplicationError, match="busy"):
            check()
        monkeypatch.setattr(corrected.activity, "info", lambda: SimpleNamespace(attempt=4))
        item = check()
    assert (item.status, item.detail) == ("warn", "Not checked: The AI endpoint failed (HTTP 503): busy")
    with serving(lambda _: Answer({"error": "no such model"}, 404)) as endpoint:
        host_of_acme(NTRO_AI_BASE_URL=endpoint.url)
        monkeypatch.setattr(corrected.activity, "info", lambda: SimpleNamespace(attempt=1))
        item = check()
    assert item.status == "warn"
    assert item.detail.endswith("model judge (HTTP 404): no such model")


def test_verdicts_are_kept_by_provider_and_unreadable_ones_are_not(
    tenant_database: str, host_of_acme: SettingUp
) -> None:
    said = [
        "Looks fine to me",
        '{"verdict": "good"}',
        '{"status": "pass", "detail": "ok", "data": [1], "confidence": "0.8"}',
    ]
    answers = iter(said)
    with serving(lambda _: chat(next(answers))) as endpoint:
        host_of_acme(NTRO_AI_BASE_URL=endpoint.url)
        for words in said[:2]:
            item = check()
            assert (item.status, item.detail) == ("warn", f"Not checked: the answer cannot be read: {words}")
        assert rows(tenant_database, "cache_check") == []
        for _ in range(2):
            item = check()
            assert (item.status, item.data, item.confidence) == ("pass", {"value": [1]}, 0.8)
        assert len(endpoint.requests) == 3
        key = checks._compute_cache_key(SPEC, {}, None, "judge")
        with activity_context([{"ai": {"provider": "ANTHROPIC"}}]):
            assert checks._compute_cache_key(SPEC, {}, None, "judge") != key
        answers = iter([said[2]])
        check(title="Another title, another question")
        assert len(endpoint.requests) == 4
