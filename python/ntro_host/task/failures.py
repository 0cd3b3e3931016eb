"""
Which exceptions of workflow code end a task. What the author raises on purpose does; everything else is a bug, which fails only the attempt: the task stays and
goes on when the code is mended.
"""

from __future__ import annotations

import asyncio
import dis
from pathlib import Path
from types import TracebackType

from temporalio.exceptions import ApplicationError, FailureError

_RAISE = dis.opmap["RAISE_VARARGS"]
_NEVER_MEANT = (AssertionError, NotImplementedError)


def ending(error: BaseException, bundle: Path | None) -> BaseException | None:
    """
    What a task ends with when its code raises ``error``: failures of Temporal's as they are (``WorkflowError`` of the SDK among them), a timeout, and what a
    ``raise`` statement of the bundle raised, as an ``ApplicationError`` of its class name. None for a bug.
    """
    if isinstance(error, BaseExceptionGroup):
        return _ending_of_group(error, bundle)
    if isinstance(error, (FailureError, asyncio.CancelledError)):
        return error
    if isinstance(error, TimeoutError) or raised_by_author(error, bundle):
        return ApplicationError(str(error) or type(error).__name__, type=type(error).__name__, non_retryable=True)
    return None


def raised_by_author(error: BaseException, bundle: Path | None) -> bool:
    """Whether a ``raise`` statement in the bundle's own files raised it; assertions and what is not implemented are bugs even then."""
    if not isinstance(error, Exception) or isinstance(error, _NEVER_MEANT):
        return False
    last = _innermost(error.__traceback__)
    if last is None or bundle is None:
        return False
    code, at = last.tb_frame.f_code, last.tb_lasti
    if not Path(code.co_filename).is_relative_to(bundle):
        return False
    return 0 <= at < len(code.co_code) and code.co_code[at] == _RAISE


def _ending_of_group(group: BaseExceptionGroup[BaseException], bundle: Path | None) -> BaseException | None:
    """A task group that fails for reasons that each would end the task ends it with the first of them."""
    endings = [ending(error, bundle) for error in group.exceptions]
    return endings[0] if endings and None not in endings else None


def _innermost(trace: TracebackType | None) -> TracebackType | None:
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return trace
