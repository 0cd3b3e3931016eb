"""
Defects of ntro 0.1.2, ``capabilities/files.py``: a file is parsed in the event loop, where a long PDF stops every other
task of the tenant; one that is damaged raises an error of the parser, which is retried for ever.

Instead a thread parses, and a damaged file ends the activity with ``DocumentUnreadable``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine

import ntro.capabilities.files as sdk
from ntro.capabilities.files import CellGrid, Format
from temporalio.exceptions import ApplicationError

from .published import replace

_published = sdk.parse


def apply() -> None:
    """Replaces the function that parses."""
    replace("parse", parse, sdk)


async def parse(*, content: bytes, format: Format) -> CellGrid:
    """
    As published.

    :raises ApplicationError: ``DocumentUnreadable``, never retried
    :raises ValueError: for a format that nobody knows
    """
    if format not in ("pdf", "xlsx"):
        return await _published(content=content, format=format)
    try:
        return await asyncio.to_thread(_finish, _published(content=content, format=format))
    except (ImportError, MemoryError):
        raise
    except Exception as error:
        reason = str(error) or type(error).__name__
        what = f"The file cannot be read as {'a PDF' if format == 'pdf' else 'a workbook'}: {reason}"
        raise ApplicationError(what, type="DocumentUnreadable", non_retryable=True) from error


def _finish(parsing: Coroutine[object, object, CellGrid]) -> CellGrid:
    """Runs the SDK's coroutine, which waits for nothing, to its end in this thread."""
    return asyncio.run(parsing)
