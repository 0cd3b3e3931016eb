"""``@runbook.step`` and its older name ``@ui_step``."""

from __future__ import annotations

import asyncio
import functools
import inspect
from collections.abc import Awaitable, Callable
from typing import Any

from .state import scoped, state_here, step_here


def step(*, name: str, title: str, icon: str | None = None, config: dict[str, Any] | None = None) -> Callable[..., Any]:
    """
    Marks a method as a step. Its calls open the step and close it: completed with what it returned, or failed.

    ntro 0.1.2 leaves a step whose method raises active for ever, and one that is entered again completed.
    """

    def decorate(fn: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        @functools.wraps(fn)
        async def run(self: Any, *args: Any, **kwargs: Any) -> Any:
            result = await within_step(name, lambda: fn(self, *args, **kwargs))
            state = state_here()
            if name not in state.snapshots:
                hint = {"component": "SUMMARY", "config": {"title": title}}
                state.keep_snapshot(name, hint, payload=result)
            return result

        run.__ntro_ui_step__ = {"name": name, "title": title, "icon": icon, "config": config or {}}  # type: ignore[attr-defined]
        return run

    return decorate


async def within_step(step_id: str, work: Callable[[], Any]) -> Any:
    """Does a step's work. Raises what the work raises; the step is failed then."""
    steps = state_here().steps
    with scoped(step_here, step_id):
        steps.enter(step_id)
        try:
            result = work()
            if inspect.isawaitable(result):
                result = await result
        except (Exception, asyncio.CancelledError):
            steps.leave(step_id, "failed")
            raise
        steps.leave(step_id, "completed")
        return result
