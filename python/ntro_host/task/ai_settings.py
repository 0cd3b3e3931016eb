"""
The AI settings of a task, told to each of its activities: few of them take the task's input, and all are to ask the AI that its tenant chose.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from temporalio import activity, workflow
from temporalio.api.common.v1 import Payload
from temporalio.worker import StartActivityInput, StartLocalActivityInput, WorkflowOutboundInterceptor

from .messages import Json

_HEADER = "ntro_ai"


class TellsAiSettings(WorkflowOutboundInterceptor):
    """In workflow code: puts the settings into a header of each activity."""

    def __init__(self, next: WorkflowOutboundInterceptor, identity: Callable[[], Json]) -> None:
        """:param identity: what the task's input says of its tenant and settings, see :func:`argument.identity_in`"""
        super().__init__(next)
        self._identity = identity

    def start_activity(self, input: StartActivityInput) -> workflow.ActivityHandle[Any]:
        """As the SDK does it, with the header."""
        input.headers = self._told(input.headers)
        return self.next.start_activity(input)

    def start_local_activity(self, input: StartLocalActivityInput) -> workflow.ActivityHandle[Any]:
        """The same."""
        input.headers = self._told(input.headers)
        return self.next.start_local_activity(input)

    def _told(self, headers: Mapping[str, Payload]) -> Mapping[str, Payload]:
        ai = self._identity().get("ai")
        return headers if ai is None else {**headers, _HEADER: workflow.payload_converter().to_payload(ai)}


def ai_settings_in(headers: Mapping[str, Payload]) -> object:
    """In an activity: the settings as the task's input has them; None where it has none."""
    told = headers.get(_HEADER)
    return None if told is None else activity.payload_converter().from_payload(told)
