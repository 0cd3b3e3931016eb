"""Runs any activity of any revision: that whose code the caller has, by its workflow type or its repair."""

from __future__ import annotations

import contextlib
import functools
import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from typing import Any

from pydantic import ValidationError
from temporalio import activity
from temporalio.common import RawValue
from temporalio.exceptions import ApplicationError
from temporalio.worker import (
    ActivityInboundInterceptor,
    ActivityOutboundInterceptor,
    ExecuteActivityInput,
    Interceptor,
    WorkflowInboundInterceptor,
    WorkflowInterceptorClassInput,
)
from temporalio.worker._activity import _ThreadExceptionRaiser

from .corrections import activity_context
from .heartbeats import Beats, HostHeartbeats, RememberedHeartbeat
from .loader import within
from .loading import ActivityDefinition
from .repairs import Repairs
from .revisions import Revision, Revisions, UnknownType
from .task import ai_settings_in

MAX_RESULT_BYTES = 1_000_000
"""Over this a result is refused; it belongs into the tenant's database, with a reference in the result."""


@activity.defn(dynamic=True)
async def any_activity(args: Sequence[RawValue]) -> None:
    """What Temporal's worker knows; :class:`ActivityRouting` puts the author's function in its place."""
    raise AssertionError("activities are routed")


class ActivityRouting(Interceptor):
    """Routes activities and holds them to their rules. Put last, so that it is nearest to the SDK's own part."""

    def __init__(
        self,
        revisions: Revisions,
        repairs: Repairs,
        shared: Iterable[Callable[..., Any]],
        executor: ThreadPoolExecutor,
    ) -> None:
        """
        :param shared: activities that every revision has beside its own
        :param executor: threads for activities that are plain functions
        """
        self._revisions = revisions
        self._repairs = repairs
        self._executor = executor
        definitions = [ActivityDefinition.must_from_callable(function) for function in shared]
        self._shared = {definition.name or "": definition for definition in definitions}
        self._beats: Beats | None = None
        self.under_way = 0
        """How many activities run now."""

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:
        """One for each attempt."""
        if self._beats is None:
            worker = next._worker  # type: ignore[attr-defined]
            self._beats = Beats(lambda beat: worker._bridge_worker().record_activity_heartbeat(beat))
        return _Attempt(next, self, self._executor, self._beats)

    def workflow_interceptor_class(self, input: WorkflowInterceptorClassInput) -> type[WorkflowInboundInterceptor]:
        """What asks for the heartbeats that :class:`Beats` gives."""
        return HostHeartbeats

    async def find(self, info: activity.Info) -> tuple[ActivityDefinition, Revision | None]:
        """
        The author's function for an attempt, and the revision it is of (None: one of the SDK's own for a revision that is not there).

        :raises ApplicationError: ``ActivityNotFound``, which is not tried again
        """
        code = self._repairs.type_of(info.workflow_id or "", info.workflow_type or "")
        try:
            revision = await self._revisions.load(code)
        except UnknownType:
            revision = None
        own: Mapping[str, ActivityDefinition] = revision.activities if revision else {}
        found = own.get(info.activity_type) or self._shared.get(info.activity_type)
        if found is None:
            message = f'The revision {code} has no activity "{info.activity_type}".'
            raise ApplicationError(message, type="ActivityNotFound", non_retryable=True)
        return found, revision


class _Attempt(ActivityInboundInterceptor):
    def __init__(
        self,
        next: ActivityInboundInterceptor,
        routing: ActivityRouting,
        executor: ThreadPoolExecutor,
        beats: Beats,
    ) -> None:
        super().__init__(next)
        self._routing = routing
        self._executor = executor
        self._beats = beats
        self._heartbeats: RememberedHeartbeat | None = None

    def init(self, outbound: ActivityOutboundInterceptor) -> None:
        self._heartbeats = RememberedHeartbeat(outbound)
        self.next.init(self._heartbeats)

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:
        self._routing.under_way += 1
        try:
            return await self._execute(input)
        finally:
            self._routing.under_way -= 1

    async def _execute(self, input: ExecuteActivityInput) -> Any:
        definition, revision = await self._routing.find(activity.info())
        input.args = decode(definition, input.args[0])
        input.fn = definition.fn
        around = functools.partial(
            _surrounded, revision.package if revision else None, input.args, ai_settings_in(input.headers)
        )
        if not definition.is_async:
            self._use_thread(input, definition, around)
        with around(), self._beats.during(self._heartbeats):
            result = await _by_the_rules(self.next.execute_activity(input))
        return checked_result(definition.name or "", result)

    def _use_thread(self, input: ExecuteActivityInput, definition: ActivityDefinition, around: Surroundings) -> None:
        """Does what the SDK does for a plain function that was registered by itself: runs it in a thread that a cancellation reaches."""
        running = self.next._running_activity  # type: ignore[attr-defined]
        running.sync = True
        if not definition.no_thread_cancel_exception:
            running.cancel_thread_raiser = _ThreadExceptionRaiser()
        input.executor = self._executor
        input.fn = _surrounded_in_thread(definition.fn, around)


Surroundings = Callable[[], AbstractContextManager[None]]


@contextlib.contextmanager
def _surrounded(package: str | None, args: Sequence[Any], ai: object) -> Iterator[None]:
    """What an activity's code finds set: whose code it is, and the AI settings of its task."""
    with within(package), activity_context(args, ai):
        yield


def _surrounded_in_thread(function: Callable[..., Any], around: Surroundings) -> Callable[..., Any]:
    """The same for a function that runs in a thread, which does not see what is set for the task that waits for it."""

    def run(*args: Any) -> Any:
        with around():
            return function(*args)

    return run


def decode(definition: ActivityDefinition, raw: Sequence[RawValue]) -> list[Any]:
    """
    The arguments as the author's annotations say.

    :raises ApplicationError: ``ActivityInputInvalid``, which is not tried again
    """
    converter = activity.payload_converter()
    types: list[type | None] = [*(definition.arg_types or [])]
    types += [None] * (len(raw) - len(types))
    values = []
    for value, expected in zip(raw, types, strict=False):
        try:
            values += converter.from_payloads([value.payload], [expected] if expected else None)
        except Exception as error:
            said = _without_values(error) if isinstance(error, ValidationError) else f"{type(error).__name__}: {error}"
            message = f'The input of "{definition.name}" does not fit its annotation. {said}'
            raise ApplicationError(message, type="ActivityInputInvalid", non_retryable=True) from error
    _check_count(definition, values)
    return values


def _check_count(definition: ActivityDefinition, values: Sequence[Any]) -> None:
    try:
        inspect.signature(definition.fn).bind(*values)
    except TypeError as error:
        message = f'The activity "{definition.name}" was called with {len(values)} arguments: {error}.'
        raise ApplicationError(message, type="ActivityInputInvalid", non_retryable=True) from error


async def _by_the_rules(call: Any) -> Any:
    """What an author raises as ValueError (a ValidationError is one) is about the input, and would be raised again."""
    try:
        return await call
    except ValidationError as error:
        raise ApplicationError(_without_values(error), type="ValidationError", non_retryable=True) from error
    except ValueError as error:
        raise ApplicationError(str(error), type=type(error).__name__, non_retryable=True) from error


def _without_values(error: ValidationError) -> str:
    """What does not fit and where, without the values: messages of failures are kept in the workspace."""
    found = error.errors(include_url=False, include_context=False, include_input=False)
    said = [f"{'.'.join(str(part) for part in fault['loc']) or 'value'}: {fault['msg']}" for fault in found]
    return f"{error.title}: {'; '.join(said)}"


def checked_result(name: str, result: Any) -> RawValue:
    """
    The result as it is sent, encoded once.

    :raises ApplicationError: ``ActivityOutputInvalid`` when it cannot be JSON, ``ResultTooLarge``; neither is tried again
    """
    try:
        [payload] = activity.payload_converter().to_payloads([result])
    except Exception as error:
        message = f'The result of "{name}" cannot be sent as JSON: {error}'
        raise ApplicationError(message, type="ActivityOutputInvalid", non_retryable=True) from error
    size = len(payload.data)
    if size > MAX_RESULT_BYTES:
        message = (
            f'The result of "{name}" has {size} bytes; at most {MAX_RESULT_BYTES} are passed on. '
            "Store it (the tenant's database, storage) and return a reference to it."
        )
        raise ApplicationError(message, type="ResultTooLarge", non_retryable=True)
    return RawValue(payload)
