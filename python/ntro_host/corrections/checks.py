"""
Defects of ntro 0.1.2, ``capabilities/checks.py``: a check that could not be asked, because no provider is configured or
it failed, is shown as failed, as if the data were bad, and is not tried again; an answer without a status counts as a
failure and is kept; one whose ``data`` is a list ends the activity.

Instead: nothing configured → ``skipped``, with what to set; a provider that fails → asked again by Temporal, up to
:data:`ATTEMPTS` times, then ``warn``; an answer that cannot be read → ``warn``, and not kept. Checks of other kinds are
the SDK's own.
"""

from __future__ import annotations

from typing import Any

import ntro.capabilities._ai_config as settings
import ntro.capabilities.checks as sdk
from ntro.capabilities.checks import CheckStatus, QualityCheckItem, QualityCheckSpec
from temporalio import activity
from temporalio.exceptions import ApplicationError

from .ai_answers import json_in, number
from .published import replace

ATTEMPTS = 4
_TIMEOUT_S = 60.0
_MAX_TOKENS = 1024
_published = sdk.run_quality_check


def apply() -> None:
    """Replaces the activity where workflows look it up."""
    replace("run_quality_check", run_quality_check, sdk)


@activity.defn(name="run_quality_check")
async def run_quality_check(
    spec: QualityCheckSpec,
    submitted: dict[str, Any],
    baseline: dict[str, Any] | None,
    ai_config: dict[str, Any] | None = None,
) -> QualityCheckItem:
    """
    Runs one check, as published; what is different says the module.

    :raises ApplicationError: of the provider, while another attempt may help
    """
    if spec.evaluator == "code" or (spec.requires_baseline and baseline is None):
        return await _published(spec, submitted, baseline, ai_config)
    if ai_config:
        settings.use_config(ai_config)
    try:
        resolved = settings.resolve()
        provider = settings.build_provider(resolved)
    except ApplicationError as error:
        return _not_checked(spec, "skipped", error.message)
    model = settings.resolve_model(resolved, "judgement")
    key = sdk._compute_cache_key(spec, submitted, baseline, model)
    kept = await sdk._try_cached(key)
    if kept is not None and not _is_unreadable(kept):
        return kept
    prompt = sdk._build_check_prompt(spec, submitted, baseline)
    try:
        answer = await provider.complete(prompt=prompt, model=model, max_tokens=_MAX_TOKENS, timeout=_TIMEOUT_S)
    except ApplicationError as error:
        if not error.non_retryable and activity.in_activity() and activity.info().attempt < ATTEMPTS:
            raise
        return _not_checked(spec, "warn", error.message)
    item = _to_item(spec, answer.text)
    if item is None:
        return _not_checked(spec, "warn", f"the answer cannot be read: {answer.text[:200]}")
    await sdk._store_cached(key, spec.id, item)
    return item


def _not_checked(spec: QualityCheckSpec, status: CheckStatus, reason: str) -> QualityCheckItem:
    return QualityCheckItem(
        id=spec.id, title=spec.title, status=status, detail=f"Not checked: {reason}", source=spec.source
    )


def _is_unreadable(item: QualityCheckItem) -> bool:
    """A row that an uncorrected SDK kept: an answer of which it understood nothing."""
    return item.status == "fail" and not item.detail


def _to_item(spec: QualityCheckSpec, text: str) -> QualityCheckItem | None:
    answer = json_in(text)
    status = answer.get("status") if isinstance(answer, dict) else None
    if not isinstance(answer, dict) or status not in ("pass", "warn", "fail", "skipped"):
        return None
    data = answer.get("data")
    return QualityCheckItem(
        id=spec.id,
        title=spec.title,
        status=status,
        detail=str(answer.get("detail") or ""),
        data=data if isinstance(data, dict) else {} if data is None else {"value": data},
        source=spec.source,
        confidence=number(answer.get("confidence")),
    )
