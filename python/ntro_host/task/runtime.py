"""What ``runbook.*`` of the SDK means in this host."""

from __future__ import annotations

from typing import Any

from ntro.workflow.runtime._temporal import TemporalRuntime

from . import children
from .state import state_here


class HostRuntime(TemporalRuntime):
    """Temporal, with children that start as the revisions that the task's lock names. Made active with ``ntro.workflow.set_runtime``."""

    name = "host"

    async def start_child_workflow(self, cls_or_slug: Any, arg: Any = None, /, **kwargs: Any) -> Any:
        """Starts a child by slug or class and gives its handle; the queue is the locked one, whatever is asked for."""
        state = state_here()
        _, handle = await children.start(
            state, cls_or_slug, arg, step_id=state.step, workflow_id=kwargs.pop("id", None), **kwargs
        )
        return handle

    async def execute_child_workflow(self, cls_or_slug: Any, arg: Any = None, /, **kwargs: Any) -> Any:
        """Runs a child by slug or class to its end and gives its result."""
        return await (await self.start_child_workflow(cls_or_slug, arg, **kwargs))
