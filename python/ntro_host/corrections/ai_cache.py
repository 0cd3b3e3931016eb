"""
Defects of ntro 0.1.2, ``capabilities/ai.py`` and ``checks.py``: the key of a kept answer leaves out who gave it (an
extraction: provider and model; a check: the provider), so that a tenant who changes the model gets the old model's
answers; an answer that could not be read is kept, and read for ever.

Instead: provider and model are part of the key, and an answer without content is neither kept nor read. All else of the
caches is as published, tables included.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Awaitable, Callable

import ntro.capabilities._ai_config as ai_config
import ntro.capabilities.ai as sdk
import ntro.capabilities.checks as sdk_checks
from ntro.capabilities.ai import ExtractionResult

from .ai_answers import says_nothing
from .published import replace


def apply() -> None:
    """Replaces the keys of both caches, and what the extraction cache takes and gives."""
    replace("_compute_extract_cache_key", _by_model(sdk._compute_extract_cache_key), sdk)
    replace("_compute_cache_key", _by_provider(sdk_checks._compute_cache_key), sdk_checks)
    replace("_try_cached_extract", _only_readable(sdk._try_cached_extract), sdk)
    replace("_store_cached_extract", _store, sdk)


def _by_model(published: Callable[..., str]) -> Callable[..., str]:
    def key(**question: object) -> str:
        # Fails here already when nothing is configured: what nobody can be asked is not looked up either.
        resolved = ai_config.resolve()
        model = ai_config.resolve_model(resolved, "extraction")
        return _digest(resolved.provider, model, published(**question))

    return key


def _by_provider(published: Callable[..., str]) -> Callable[..., str]:
    def key(spec: sdk_checks.QualityCheckSpec, *question: object) -> str:
        # The title is part of the prompt, the source of what is kept.
        return _digest(ai_config.resolve().provider, spec.title, spec.source, published(spec, *question))

    return key


def _digest(*parts: str | None) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _only_readable(
    published: Callable[[str], Awaitable[ExtractionResult | None]],
) -> Callable[[str], Awaitable[ExtractionResult | None]]:
    async def read(cache_key: str) -> ExtractionResult | None:
        kept = await published(cache_key)
        return None if kept is None or says_nothing(kept) else kept

    return read


async def _store(cache_key: str, schema_slug: str, result: ExtractionResult) -> None:
    """Best effort, as published: a cache that cannot be written costs another question, nothing else."""
    if says_nothing(result):
        return
    db = await sdk._get_cache_db()
    if db is None or not await sdk._ensure_extract_cache_table(db):
        return
    try:
        await db.execute(
            "insert into system.cache_extract (cache_key, schema_slug, result) values ($1, $2, $3::jsonb) "
            "on conflict (cache_key) do update set result = excluded.result",
            cache_key,
            schema_slug,
            json.dumps(result.model_dump(mode="json")),
        )
    except Exception as error:
        sdk._log.warning("extract cache write failed: %s", error)
