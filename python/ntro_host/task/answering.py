"""How author code gets answers and changes to rows."""

from __future__ import annotations

import inspect
from typing import Any

from temporalio import workflow

from .author_view import receive
from .messages import Json
from .state import handling, state_here


def _hosts(fn: Any) -> Any:
    """Marks a method as ours, to tell an author's own from it."""
    fn.__ntro_host__ = True
    return fn


class Answering:
    """
    Replacements for methods of ``NtroWorkflow`` of ntro 0.1.2, with the same signatures.

    There, changes to rows are queued until the workflow happens to look, and those that came last are thrown away with the gate.
    """

    _pending_row_actions: list[Json]

    @workflow.signal
    @_hosts
    def user_action(self, action: dict[str, Any]) -> None:
        """Gets every answer; the host has made one superset of all dialects before."""
        now = handling.get()
        if action.get("kind") != "row_action":
            receive(state_here(), action)
        elif now is None or now.change is None:
            self._pending_row_actions.append(action)
        else:
            now.taken = True
            result: Any = self.on_row_action(action)
            if inspect.isawaitable(result):
                now.pending.append(result)

    @_hosts
    def on_row_action(self, action: dict[str, Any]) -> None:
        """For authors to override: changes ``self._pending_payload``, or raises to refuse the change."""
        return

    def _drain_row_actions(self) -> None:
        """Gives the hook what author code has queued by itself."""
        while self._pending_row_actions:
            self.on_row_action(self._pending_row_actions.pop(0))
