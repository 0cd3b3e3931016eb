"""
Quality checks beside an open gate: one after the other, shown as they come, ended by the answer.

ntro 0.1.2 shows a check that could not be run as a failed one, which reads as bad data, and tries a failing one again without end.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import timedelta
from typing import Any

from ntro.capabilities.checks import QualityCheckItem, QualityCheckSpec, run_quality_check, worst_of
from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError, is_cancelled_exception

from .messages import Json

TIMEOUT = timedelta(minutes=2)
RETRY = RetryPolicy(maximum_attempts=3)

_COUNTED = (("fail", "{} failed"), ("warn", "{} warning"), ("pass", "{} passing"), ("skipped", "{} skipped"))


@contextlib.asynccontextmanager
async def checked(
    action: Json,
    specs: Sequence[Any] | None,
    *,
    submitted: Json,
    baseline: Json | None,
    ai: Json | None,
    changed: Callable[[], None],
) -> AsyncIterator[None]:
    """Runs checks while the block waits, and shows them in ``action``; whatever is not done when it ends is cancelled."""
    if not specs:
        yield
        return
    wanted = [spec if isinstance(spec, QualityCheckSpec) else QualityCheckSpec.model_validate(spec) for spec in specs]
    items = [QualityCheckItem(id=spec.id, title=spec.title, status="running", source=spec.source) for spec in wanted]
    action["checks"] = _running(items, 0)
    task = asyncio.create_task(_run(action, wanted, items, (submitted, baseline, ai), changed))
    try:
        yield
    finally:
        if not task.done():
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError, Exception):
                await task


async def _run(
    action: Json,
    specs: Sequence[QualityCheckSpec],
    items: list[QualityCheckItem],
    given: tuple[Json, Json | None, Json | None],
    changed: Callable[[], None],
) -> None:
    unable = 0
    for place, spec in enumerate(specs):
        try:
            items[place] = await workflow.execute_activity(
                run_quality_check, args=[spec, *given], start_to_close_timeout=TIMEOUT, retry_policy=RETRY
            )
        except ActivityError as error:
            if is_cancelled_exception(error):
                # The gate is answered: what follows would only hold up the answer.
                raise
            unable += 1
            items[place] = _unable(spec, error)
        action["checks"] = _running(items, place + 1)
        changed()
    action["checks"] = _final(items, unable)
    changed()


def _unable(spec: QualityCheckSpec, error: ActivityError) -> QualityCheckItem:
    why = error.cause or error
    return QualityCheckItem(
        id=spec.id, title=spec.title, status="skipped", detail=f"The check could not be run: {why}", source=spec.source
    )


def _running(items: Sequence[QualityCheckItem], completed: int) -> Json:
    return {
        "status": "running",
        "summary": f"Running quality checks ({completed} of {len(items)})…",
        "progress": {"completed": completed, "total": len(items)},
        "skipped_reason": None,
        "items": [item.model_dump(mode="json") for item in items],
    }


def _final(items: Sequence[QualityCheckItem], unable: int) -> Json:
    status = worst_of(items)
    counts = Counter(item.status for item in items)
    parts = [words.format(counts[key]) for key, words in _COUNTED if counts[key]]  # type: ignore[index]
    summary = ", ".join(
        f"{part}s" if part.endswith("warning") and not part.startswith("1 ") else part for part in parts
    )
    reason = None
    if status == "skipped":
        reason = "The checks could not be run" if unable else "No baseline data available — first run for this entity"
    return {
        "status": status,
        "summary": summary or "No checks ran",
        "skipped_reason": reason,
        "items": [item.model_dump(mode="json") for item in items],
    }
