"""
The published signal ``user_action``. One that names its gate reaches that gate or none; one that does not is taken only where there is no doubt which review is
meant, and is lost where none is open, so it never answers a later one.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from pydantic_core import to_jsonable_python

from .answers import USER_ACTION, Answers
from .author_code import ArgumentUnfit, call_handler, signal_handler
from .clock import timestamp
from .dialects import actor_of, corrections_of, decision_of, is_silent, reason_of, row_change_of, superset
from .gate import Gate
from .messages import Json
from .refusal import Refused
from .state import Handling, handling, scoped


async def on_user_action(answers: Answers, argument: object) -> None:
    """Takes a ``user_action`` signal. What is refused has nobody to be told, and changes nothing."""
    given = to_jsonable_python(argument)
    if not isinstance(given, dict):
        return
    gate = _gate(answers, given.get("gate"))
    try:
        if given.get("kind") == "row_action":
            change = row_change_of(given)
            if gate is not None and change is not None:
                await answers.change_row(gate, change, actor_of(given), timestamp())
        elif is_silent(given):
            await _deliver_as_it_is(given)
        elif gate is not None:
            await _decide(answers, gate, given)
    except Refused:
        return


async def _decide(answers: Answers, gate: Gate, given: Mapping[str, Any]) -> None:
    decision, corrections = decision_of(given), corrections_of(given)
    if decision is None or corrections is None or gate.busy:
        return
    seen = [
        {key: value for key, value in entry.items() if key != "old_value" or value is not None} for entry in corrections
    ]
    if decision == "approved":
        gate.rows.require_corrections(seen, lenient=True)
    answer = superset(
        decision,
        gate=gate.token,
        reason=reason_of(given, decision),
        corrections=corrections,
        actor=actor_of(given),
        at=timestamp(),
        extra=given,
    )
    await answers.hand_over(gate, answer)


async def _deliver_as_it_is(given: Json) -> None:
    """An action of the author's own making reaches the handler of their own making; it is no answer."""
    fn = signal_handler(USER_ACTION)
    if fn is None or getattr(fn, "__ntro_host__", False):
        return
    with scoped(handling, Handling(mute=True)), suppress(ArgumentUnfit):
        await call_handler(fn, given)


def _gate(answers: Answers, token: object) -> Gate | None:
    reviews = [gate for gate in answers.state.open_gates() if gate.is_review]
    if token is not None:
        return next((gate for gate in reviews if gate.token == token), None)
    return reviews[0] if len(reviews) == 1 else None
