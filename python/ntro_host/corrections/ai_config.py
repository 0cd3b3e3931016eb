"""
Defects of ntro 0.1.2, ``capabilities/_ai_config.py``:

* An activity honours the task's AI settings only when its author remembered to call ``ai.use_config``; otherwise
  another provider is asked, silently.
* A model that is null in the settings, or a provider of a later version, ends the activity with a ValidationError,
  whether it uses AI or not.
* Nothing configured is a RuntimeError, and a provider that is not implemented a NotImplementedError: both are retried
  for ever.
* ``NTROPII`` without an address asks a host name of the vendor's cluster.

Instead: the host sets the settings for each activity from its arguments or its task (:func:`activity_context`), and
what cannot work fails at once and says what to set.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import get_args

import ntro.capabilities._ai_config as sdk
import ntro.capabilities.ai as sdk_ai
from ntro.capabilities import config
from pydantic import ValidationError
from temporalio.exceptions import ApplicationError

from .ai_providers import AnthropicMessages, ChatCompletions, HttpProvider
from .published import replace

PROVIDERS: tuple[str, ...] = get_args(sdk.ProviderName)


def apply() -> None:
    """Replaces how AI settings are taken, resolved and turned into a provider."""
    replace("use_config", use_config, sdk, sdk_ai)
    replace("resolve", resolve, sdk)
    replace("build_provider", build_provider, sdk)


def ai_config_of(args: Iterable[object]) -> sdk.AIConfig | None:
    """
    The AI settings that an activity's arguments carry: those of the first argument with a field ``ai`` that names a
    provider. An argument is a mapping or an object with attributes, a pydantic model for one; an ``ai`` of another
    shape is the author's own business and is passed over.
    """
    for argument in args:
        found = _to_config(_field(argument, "ai"))
        if found is not None:
            return found
    return None


@contextmanager
def activity_context(args: Iterable[object], of_task: object = None) -> Iterator[None]:
    """
    While an activity runs: the AI settings in its arguments are those of the SDK, as if it had called
    ``ai.use_config``; where they have none, those of its task. Afterwards it is as it was before.
    """
    token = sdk._ai_config_override.set(ai_config_of(args) or _to_config(of_task))
    try:
        yield
    finally:
        sdk._ai_config_override.reset(token)


def use_config(value: object) -> None:
    """
    As published: takes the AI section, or an input of a task with ``ai`` in it, as a mapping or an object; None, or a
    section without provider, clears.

    :raises TypeError: for what can be neither
    """
    if value is None or isinstance(value, sdk.AIConfig):
        sdk._ai_config_override.set(value)
        return
    is_input = any(_has(value, name) for name in ("ai", "tenant_slug"))
    if not is_input and not isinstance(value, Mapping) and not hasattr(value, "model_dump"):
        raise TypeError(f"use_config takes a mapping, a model, an AIConfig or None, not {type(value).__name__}")
    sdk._ai_config_override.set(_to_config(_field(value, "ai") if is_input else value))


def resolve() -> sdk.AIConfig:
    """
    The task's settings; without any the worker's own: Anthropic when its key is there, else the endpoint of
    ``NTRO_AI_BASE_URL``.

    :raises ApplicationError: ``AiNotConfigured``, never retried
    """
    override = sdk._ai_config_override.get()
    if override is not None and override.provider:
        return override
    if config.get().anthropic_api_key:
        return sdk.AIConfig(provider="ANTHROPIC")
    if os.environ.get("NTRO_AI_BASE_URL"):
        return sdk.AIConfig(provider="NTROPII")
    tenant = _tenant()
    raise _not_configured(
        f"No AI provider is configured. Choose one with `ntro tenant ai set {tenant} --provider ANTHROPIC`, "
        f"and {_give_key(tenant)} For an endpoint of your own: `ntro tenant ai set {tenant} --provider NTROPII`, "
        "and its address in NTRO_AI_BASE_URL."
    )


def build_provider(ai_config: sdk.AIConfig) -> HttpProvider:
    """
    What speaks with the provider of these settings; address and key are the host's own.

    :raises ApplicationError: ``AiNotConfigured`` when key or address is missing, ``AiProviderNotSupported`` for one
        that nobody implemented; never retried
    """
    tenant = _tenant()
    if ai_config.provider == "ANTHROPIC":
        key = config.get().anthropic_api_key
        if not key:
            raise _not_configured(f"AI provider ANTHROPIC has no key: {_give_key(tenant)}")
        return AnthropicMessages(key)
    if ai_config.provider == "NTROPII":
        address = os.environ.get("NTRO_AI_BASE_URL")
        if not address:
            raise _not_configured(
                "AI provider NTROPII has no address: set NTRO_AI_BASE_URL in the worker's environment, or with "
                f"`ntro tenant secret set NTRO_AI_BASE_URL --tenant {tenant}`, to an OpenAI-compatible endpoint such as http://127.0.0.1:8000/v1."
            )
        return ChatCompletions(address, os.environ.get("NTRO_AI_API_KEY") or None)
    raise ApplicationError(
        f"AI provider {ai_config.provider} is not supported. Choose another: `ntro tenant ai set {tenant} "
        "--provider ANTHROPIC`, or NTROPII with the address of an OpenAI-compatible endpoint in NTRO_AI_BASE_URL.",
        type="AiProviderNotSupported",
        non_retryable=True,
    )


def _not_configured(message: str) -> ApplicationError:
    return ApplicationError(message, type="AiNotConfigured", non_retryable=True)


def _give_key(tenant: str) -> str:
    secret = f"`ntro tenant secret set ANTHROPIC_API_KEY --tenant {tenant}`"
    return f"set ANTHROPIC_API_KEY in the worker's environment, or with {secret}."


def _tenant() -> str:
    return config.get().tenant_slug or "<tenant>"


def _to_config(section: object) -> sdk.AIConfig | None:
    """None where the section names no provider. Nulls count as absent."""
    if isinstance(section, sdk.AIConfig):
        return section
    provider = _field(section, "provider")
    if not isinstance(provider, str) or not provider:
        return None
    models = _field(section, "models")
    names = {name: _field(models, name) for name in sdk.AIModels.model_fields}
    known = sdk.AIModels(**{name: model for name, model in names.items() if isinstance(model, str)})
    try:
        return sdk.AIConfig.model_validate({"provider": provider, "models": known})
    except ValidationError:
        # Refused when AI is used, with the provider's name: the activity may not use it at all.
        return sdk.AIConfig.model_construct(provider=provider, models=known)


def _has(value: object, name: str) -> bool:
    return name in value if isinstance(value, Mapping) else hasattr(value, name)


def _field(value: object, name: str) -> object:
    return value.get(name) if isinstance(value, Mapping) else getattr(value, name, None)
