"""How code and history differ, read from Core's words as ``packages/worker/src/host/nondeterminism.ts`` reads them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from temporalio.api.history.v1 import HistoryEvent

from .history import event_name

_OTHER_COMMAND = re.compile(r"^([\w ]+?) machine does not handle this event: HistoryEvent\(id: (\d+)")
_NO_COMMAND = re.compile(r"^No command scheduled for event HistoryEvent\(id: (\d+)")
_OTHER_NAME = re.compile(r"of scheduled event '(.*?)' does not match (.*?) of .*?command '(.*?)'")
_DOES = {
    "Activity": "starts an activity",
    "Timer": "starts a timer",
    "Child workflow": "starts a child",
    "Complete workflow": "comes to its end",
    "Fail workflow": "fails the task",
    "Cancel workflow": "ends as cancelled",
    "Update": "answers what it was told",
}
"""What a command of the new code does, by what Core calls the machine that stands for it."""


@dataclass(frozen=True)
class Difference:
    """What people are told, and the event at which it differs, where that is known."""

    message: str
    event: HistoryEvent | None


def read_difference(words: str, events: Sequence[HistoryEvent], after: int) -> Difference:
    """
    Reads what Core says of code that does not fit a history.

    :param after: id of the last event that the code knew; the history goes on after it
    """
    other = _OTHER_COMMAND.search(words)
    if other:
        event = _by_id(events, int(other[2]))
        return _differs(event, _DOES.get(other[1], "does something else"))
    none = _NO_COMMAND.search(words)
    if none:
        return _differs(_by_id(events, int(none[1])), "does nothing of the kind")
    name = _OTHER_NAME.search(words)
    if name:
        named = (event for event in events if event.event_id > after and _name_of(event) == name[1])
        return _differs(next(named, None), f"has {name[2]} {name[3]}")
    return Difference(words, _by_id(events, after))


def _differs(event: HistoryEvent | None, does: str) -> Difference:
    return Difference(f"The task's history has {_described(event)} here; the new code {does}.", event)


def _by_id(events: Sequence[HistoryEvent], event_id: int) -> HistoryEvent | None:
    return next((event for event in events if event.event_id == event_id), None)


def _described(event: HistoryEvent | None) -> str:
    if event is None:
        return "another event"
    name = _name_of(event)
    return f"{event_name(event)} of {name}" if name else event_name(event)


def _name_of(event: HistoryEvent) -> str:
    """What an event starts, by name."""
    activity = event.activity_task_scheduled_event_attributes.activity_type.name
    return activity or event.start_child_workflow_execution_initiated_event_attributes.workflow_type.name
