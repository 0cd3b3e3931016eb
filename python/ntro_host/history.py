"""Histories of executions, as far as replays need them read or changed."""

from __future__ import annotations

import re

from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import WorkflowHistory

_TASK = "EVENT_TYPE_WORKFLOW_TASK_"
_END = re.compile(r"EVENT_TYPE_WORKFLOW_EXECUTION_(COMPLETED|FAILED|CANCELED|TERMINATED|TIMED_OUT|CONTINUED_AS_NEW)")


def event_name(event: HistoryEvent) -> str:
    """As Temporal's own tools name it: ``ActivityTaskScheduled``."""
    return "".join(word.capitalize() for word in _type(event).removeprefix("EVENT_TYPE_").split("_"))


def open_ended(history: WorkflowHistory) -> WorkflowHistory:
    """
    The history with a workflow task begun at its end, as Temporal would begin the next, so that what came after the last one is tried too: the code of a task
    that fails has failed at just that. One that has ended stays as it is.
    """
    events = list(history.events)
    last = _type(events[-1])
    if _END.fullmatch(last) or last == f"{_TASK}STARTED":
        return history
    if last != f"{_TASK}SCHEDULED":
        scheduled = _next(events, EventType.EVENT_TYPE_WORKFLOW_TASK_SCHEDULED)
        scheduled.workflow_task_scheduled_event_attributes.attempt = 1
    begun = events[-1].event_id
    started = _next(events, EventType.EVENT_TYPE_WORKFLOW_TASK_STARTED)
    started.workflow_task_started_event_attributes.scheduled_event_id = begun
    return WorkflowHistory(history.workflow_id, events)


def event_before(history: WorkflowHistory, begun: int) -> HistoryEvent | None:
    """What a workflow task was begun for: the last event before the one that began it (an update's comes behind) that is no part of such a task."""
    reached = [event for event in history.events if event.event_id < begun and not _type(event).startswith(_TASK)]
    return reached[-1] if reached else None


def _next(events: list[HistoryEvent], event_type: EventType.ValueType) -> HistoryEvent:
    event = HistoryEvent(event_id=events[-1].event_id + 1, event_type=event_type)
    event.event_time.CopyFrom(events[-1].event_time)
    events.append(event)
    return event


def _type(event: HistoryEvent) -> str:
    return EventType.Name(event.event_type)
