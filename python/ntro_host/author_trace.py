"""The frames of a stack trace that are the author's own, read as files and lines of the bundle; those of the host and the SDK say an author nothing."""

from __future__ import annotations

import re
from pathlib import Path

from temporalio.api.failure.v1 import Failure
from temporalio.converter import DefaultFailureConverter, PayloadConverter

_FRAME = re.compile(r'^ *File "(?P<file>[^"]+)", line (?P<line>\d+)')
_INSTALLED = re.compile(r"^/.*/[0-9a-f]{64}(?=/)")
"""The folder of an installed revision, which is named by its digest (see :mod:`ntro_host.install`)."""


def own_frames(trace: str, folder: Path | None = None) -> list[tuple[str, str]]:
    """
    The frames of a trace that lie in a bundle, each with its ``path:line``; paths are the bundle's.

    :param folder: of the bundle; by default that of whichever revision a frame lies in
    """
    frames: list[tuple[str, str]] = []
    own = False
    for line in trace.split("\n"):
        match = _FRAME.match(line)
        if match:
            path = _path_in_bundle(match["file"], folder)
            own = path is not None
            if path is not None:
                frames.append((line.replace(match["file"], path), f"{path}:{match['line']}"))
        elif own and line.strip():
            text, place = frames[-1]
            frames[-1] = (f"{text}\n{line}", place)
    return frames


def _path_in_bundle(file: str, folder: Path | None) -> str | None:
    # What the converter below wrote is the bundle's path already; of Python's own, only frozen modules have no whole path.
    if not file.startswith(("/", "<")):
        return file
    installed = _INSTALLED.match(file)
    root = folder or (Path(installed[0]) if installed else None)
    return Path(file).relative_to(root).as_posix() if root and Path(file).is_relative_to(root) else None


class AuthorFailures(DefaultFailureConverter):
    """Tells Temporal of failures with the author's frames alone, where there are any: this is what people see of a task that failed."""

    def to_failure(self, exception: BaseException, payload_converter: PayloadConverter, failure: Failure) -> None:
        """As the SDK does it; an error that the host made of the author's has the frames of its cause."""
        super().to_failure(exception, payload_converter, failure)
        own = own_frames(failure.stack_trace)
        if own:
            failure.stack_trace = "\n".join(frame for frame, _ in own)
        elif failure.HasField("cause") and own_frames(failure.cause.stack_trace):
            failure.stack_trace = failure.cause.stack_trace
