"""Which provider and model an activity uses, and what it is told when there is none."""

from __future__ import annotations

import asyncio
import contextvars
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest
from conftest import SettingUp
from ntro.capabilities import _ai_config as sdk
from ntro.capabilities import ai
from published_sdk import published
from pydantic import BaseModel
from temporalio.exceptions import ApplicationError

from ntro_host.corrections import activity_context, ai_config_of
from ntro_host.corrections.ai_providers import AnthropicMessages, ChatCompletions

NTROPII = {"provider": "NTROPII", "models": {"extraction": "small", "judgement": None}}


class Input(BaseModel):
    tenant_slug: str
    ai: dict[str, object] | None = None


@dataclass
class Plain:
    ai: object


def names(args: list[object]) -> tuple[str, str] | None:
    config = ai_config_of(args)
    return None if config is None else (config.provider, config.models.for_capability("extraction"))


def test_finds_the_settings_that_arguments_carry() -> None:
    assert names([{"ai": NTROPII}]) == ("NTROPII", "small")
    assert names(["text", Input(tenant_slug="acme", ai=NTROPII), {"ai": {"provider": "ANTHROPIC"}}]) == (
        "NTROPII",
        "small",
    )
    assert names([Plain(sdk.AIConfig(provider="NTROPII", models=sdk.AIModels(default="d")))]) == ("NTROPII", "d")
    assert names([{"ai": {"provider": "ANTHROPIC", "models": None}}]) == ("ANTHROPIC", "claude-haiku-4-5-20251001")


@pytest.mark.parametrize("arg", [None, 7, {}, {"ai": None}, {"ai": True}, {"ai": {"models": {}}}, Plain("on")])
def test_passes_over_what_are_no_settings(arg: object) -> None:
    assert ai_config_of([arg]) is None


def test_an_activity_has_the_settings_of_its_task_without_asking_and_loses_them_after(host_of_acme: SettingUp) -> None:
    host_of_acme(ANTHROPIC_API_KEY="k")
    with activity_context([Input(tenant_slug="acme", ai=NTROPII)]):
        assert sdk.resolve().provider == "NTROPII"
        # As Temporal runs activities that are no coroutines.
        with ThreadPoolExecutor() as pool:
            context = contextvars.copy_context()
            assert pool.submit(context.run, sdk.resolve).result().provider == "NTROPII"
        ai.use_config({"provider": "ANTHROPIC"})
        assert sdk.resolve().provider == "ANTHROPIC"
        with activity_context([{"no": "settings"}]):
            assert sdk._ai_config_override.get() is None
    with activity_context([{"no": "settings"}], of_task=NTROPII):
        assert sdk.resolve().provider == "NTROPII"
        with activity_context([{"ai": {"provider": "ANTHROPIC"}}], of_task=NTROPII):
            assert sdk.resolve().provider == "ANTHROPIC"
    assert sdk._ai_config_override.get() is None


def test_use_config_takes_what_it_took_and_nulls(host_of_acme: SettingUp) -> None:
    for given in (NTROPII, {"ai": NTROPII}, Input(tenant_slug="acme", ai=NTROPII), Plain(NTROPII)):
        ai.use_config(given)  # type: ignore[arg-type]
        assert sdk.resolve_model(sdk.resolve(), "extraction") == "small"
    for given in (None, {}, {"tenant_slug": "acme"}, {"ai": {"models": {}}}, Input(tenant_slug="acme")):
        ai.use_config(given)  # type: ignore[arg-type]
        assert sdk._ai_config_override.get() is None
    with pytest.raises(TypeError, match="not int"):
        ai.use_config(7)  # type: ignore[arg-type]
    code = f"""
    from ntro.capabilities import ai
    result = outcome(lambda: ai.use_config({NTROPII!r}))
    """
    assert str(published(code)).startswith("ValidationError")


def test_nothing_configured_says_what_to_set(host_of_acme: SettingUp) -> None:
    with pytest.raises(ApplicationError) as caught:
        asyncio.run(ai.extract(content="x", schema_slug="s"))
    error = caught.value
    assert (error.type, error.non_retryable) == ("AiNotConfigured", True)
    assert "`ntro tenant ai set acme --provider ANTHROPIC`" in error.message
    assert "ANTHROPIC_API_KEY in the worker's environment" in error.message
    assert "`ntro tenant secret set ANTHROPIC_API_KEY --tenant acme`" in error.message
    assert "NTRO_AI_BASE_URL" in error.message
    code = """
    from ntro.capabilities import ai
    result = outcome(lambda: ai.extract(content="x", schema_slug="s"))
    """
    assert str(published(code, {"ANTHROPIC_API_KEY": ""})).startswith("RuntimeError")


@pytest.mark.parametrize(
    ("provider", "type", "words"),
    [
        ("ANTHROPIC", "AiNotConfigured", "ANTHROPIC has no key: set ANTHROPIC_API_KEY"),
        ("NTROPII", "AiNotConfigured", "NTROPII has no address: set NTRO_AI_BASE_URL"),
        ("AZURE_OPENAI", "AiProviderNotSupported", "AZURE_OPENAI is not supported"),
        ("BEDROCK", "AiProviderNotSupported", "BEDROCK is not supported"),
        ("DATABRICKS_FM", "AiProviderNotSupported", "DATABRICKS_FM is not supported"),
        ("OF_NEXT_YEAR", "AiProviderNotSupported", "OF_NEXT_YEAR is not supported"),
    ],
)
def test_a_provider_that_cannot_be_asked_is_named(
    host_of_acme: SettingUp, provider: str, type: str, words: str
) -> None:
    with activity_context([{"ai": {"provider": provider}}]), pytest.raises(ApplicationError) as caught:
        asyncio.run(ai.extract(content="x", schema_slug="s"))
    assert (caught.value.type, caught.value.non_retryable) == (type, True)
    assert words in caught.value.message


def test_the_workers_own_settings_count_where_the_task_has_none(host_of_acme: SettingUp) -> None:
    host_of_acme(NTRO_AI_BASE_URL="http://127.0.0.1:1/v1", NTRO_AI_API_KEY="k")
    assert sdk.resolve().provider == "NTROPII"
    assert isinstance(sdk.build_provider(sdk.resolve()), ChatCompletions)
    host_of_acme(ANTHROPIC_API_KEY="k")
    assert sdk.resolve().provider == "ANTHROPIC"
    assert isinstance(sdk.build_provider(sdk.resolve()), AnthropicMessages)
