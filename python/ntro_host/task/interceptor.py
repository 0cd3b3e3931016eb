"""What every task of this host has around the author's code."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from temporalio import workflow
from temporalio.common import RawValue
from temporalio.exceptions import ApplicationError, FailureError
from temporalio.worker import (
    ExecuteWorkflowInput,
    HandleSignalInput,
    Interceptor,
    WorkflowInboundInterceptor,
    WorkflowInterceptorClassInput,
    WorkflowOutboundInterceptor,
)

from . import revisions_link
from .ai_settings import TellsAiSettings
from .answers import USER_ACTION, Answers
from .argument import decoded_arguments, identity_in
from .failures import ending, raised_by_author
from .files import Files
from .limits import MAX_RESULT_BYTES
from .protocol import serve
from .repaired import REPAIRED, serve_repairs
from .signals import on_user_action
from .state import Handling, begin, handling, scoped
from .steps import decorated_steps


class TaskInterceptor(Interceptor):
    """For a worker: gives each of its workflows the protocol, and tells the ends of tasks from bugs."""

    def workflow_interceptor_class(
        self, input: WorkflowInterceptorClassInput
    ) -> type[WorkflowInboundInterceptor] | None:
        """The interceptor of one workflow."""
        revisions_link.link()
        return _TaskInbound


class _TaskInbound(WorkflowInboundInterceptor):
    def init(self, outbound: WorkflowOutboundInterceptor) -> None:
        super().init(TellsAiSettings(outbound, lambda: self._state.identity))
        # `workflow.info()` asks the chain of interceptors, which is not there yet.
        info = outbound.info()
        self._state = begin(info.workflow_id, info.run_id, info.workflow_type)
        self._code = revisions_link.code_here(info.workflow_type)
        self._answers = Answers(self._state, _bundle(self._code))
        self._files = Files(self._answers)
        # Already here and not with the first line of the task: an update may come together with the start.
        serve(self._answers, self._files)
        serve_repairs(self._state)

    async def execute_workflow(self, input: ExecuteWorkflowInput) -> Any:
        state = self._state
        if self._answers.bundle is None:
            self._answers.bundle = Path(input.run_fn.__code__.co_filename).parent
        state.steps.declare(decorated_steps(input.type) or revisions_link.frontmatter_steps(self._code))
        try:
            state.identity = identity_in(input.args)
            input.args = decoded_arguments(input.run_fn, input.args)
            result = _checked(await super().execute_workflow(input))
        except (Exception, asyncio.CancelledError) as error:
            ends = ending(error, self._answers.bundle)
            if ends is None:
                raise
            state.end("failed")
            if ends is error:
                raise
            raise ends from error
        state.end("completed")
        return result

    async def handle_signal(self, input: HandleSignalInput) -> None:
        argument = input.args[0] if input.args else None
        if input.signal == REPAIRED:
            await super().handle_signal(input)
            return
        if input.signal == USER_ACTION:
            await on_user_action(self._answers, argument)
            return
        if isinstance(argument, dict) and isinstance(argument.get("gate"), str):
            named = self._state.gates.get(argument["gate"])
            if named is None or not named.shows:
                return
        try:
            with scoped(handling, Handling()):
                await super().handle_signal(input)
        except FailureError:
            self._state.end("failed")
            raise
        except Exception as error:
            if not raised_by_author(error, self._answers.bundle):
                raise
            # The author refuses what came; there is nobody to be told.
            workflow.logger.warning("The handler of %s refused a signal: %s", input.signal, error)
            return
        self._files.signalled(input.signal, argument)


def _bundle(workflow_type: str) -> Path | None:
    revision = revisions_link.loaded(workflow_type)
    return None if revision is None else revision.dir


def _checked(result: Any) -> Any:
    """The result as it is sent. Raises ``ResultTooLarge`` before Temporal would refuse it in an endless loop."""
    payload = workflow.payload_converter().to_payload(result)
    size = len(payload.data)
    if size > MAX_RESULT_BYTES:
        raise ApplicationError(
            f"The result has {size} bytes; at most {MAX_RESULT_BYTES} are kept. Store it in an activity and return a reference to it.",
            type="ResultTooLarge",
            non_retryable=True,
        )
    return RawValue(payload)
