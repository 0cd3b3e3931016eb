"""Where the workflow code of an instance stands while it waits, as the author's own files and lines."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

from temporalio.worker import WorkflowInstance

from .author_trace import own_frames


def standing(instance: WorkflowInstance, folder: Path) -> list[tuple[str, str]]:
    """
    The author's frames of an instance between two activations, each with its ``path:line``, innermost last: those of the line that runs the task, or where that
    waits for nothing of the author's, of another, such as a part of a ``gather`` or a handler. Empty when nothing of the author's waits.

    The SDK's own ``__stack_trace`` shows of each line only its outermost frame, which is never the author's.
    """
    # Either may be absent: of an instance in the sandbox, its part inside; of that, what runs there.
    inner: Any = getattr(instance, "_inner", instance)
    inner = getattr(inner, "instance", inner)
    main: asyncio.Task[Any] | None = inner._primary_task
    others = sorted((task for task in inner._tasks if task is not main), key=lambda task: str(task.get_name()))
    for task in [*([main] if main is not None else []), *others]:
        frames = own_frames("".join(_text(frame) for frame in _frames(task)), folder)
        if frames:
            return frames
    return []


def _frames(task: asyncio.Task[Any]) -> Iterator[FrameType]:
    """Of what a task runs and all that this awaits, outermost first."""
    awaited: Any = None if task.done() else task.get_coro()
    while awaited is not None:
        frame = getattr(awaited, "cr_frame", None) or getattr(awaited, "gi_frame", None)
        if frame is None:
            return
        yield frame
        awaited = getattr(awaited, "cr_await", None) or getattr(awaited, "gi_yieldfrom", None)


def _text(frame: FrameType) -> str:
    [text] = traceback.format_list([(frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_name, None)])
    return text
