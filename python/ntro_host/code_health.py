"""Workflow code that fails, as its author needs to hear of it: file, line, and whether it works again."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from temporalio.api.failure.v1 import Failure

from .author_trace import own_frames

CODE_FAILING = "CodeFailing"
"""The failure type that people and the server know (``FAILURE_TYPES.codeFailing`` of the contract)."""

log = logging.getLogger("ntro_host")

_CORES_WORDS = re.compile(r'message: "(\[TMPRL1100\] .*?)", source:')
_DEADLOCK = "[TMPRL1101]"
_NONDETERMINISM = "[TMPRL1100]"
_DIFFERS = f"{_NONDETERMINISM} Nondeterminism error: "
_MAX_CAUSES = 8
_MAX_RUNS = 10_000

FolderOf = Callable[[str], Path | None]
"""Where the revision of a workflow type is installed; None when it is not loaded."""


@dataclass(frozen=True)
class Run:
    """One run of an execution."""

    workflow_id: str
    run_id: str
    workflow_type: str
    """Its own, which it keeps."""
    code: str
    """The workflow type whose code it runs: another after a repair."""


def now() -> str:
    """The time as ISO 8601 UTC with milliseconds and ``Z``."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class CodeHealth:
    """Which runs' code is known to fail. A failure is told once for each run and message, a recovery only where a failure was."""

    def __init__(self, folder_of: FolderOf, report: Callable[[dict[str, object]], None]) -> None:
        self._folder_of = folder_of
        self._report = report
        # Kept when a run leaves the cache, as each failed attempt makes it do.
        self._told: dict[str, str] = {}

    def failed(self, run: Run, failure: Failure) -> None:
        """An attempt at a workflow task failed; the execution stays open."""
        told = explained(failure, self._folder_of(run.code))
        where = f" ({told.place})" if told.place else ""
        message = told.message + where
        if self._told.get(run.run_id) == message:
            return
        self._told[run.run_id] = message
        # What the host's own frames say is for whoever runs it.
        trace = "" if told.trace else f"\n{failure.stack_trace}"
        log.warning("workflow code of %s fails (%s): %s%s", run.code, run.workflow_id, message, trace)
        if len(self._told) > _MAX_RUNS:
            del self._told[next(iter(self._told))]
        shown = {"type": CODE_FAILING, "message": message, "stackTrace": told.trace}
        self._report({"kind": "code_failing", **_about(run), "failure": shown})

    def worked(self, run: Run) -> None:
        """The run's code went beyond its recorded history."""
        if self._told.pop(run.run_id, None) is not None:
            self._report({"kind": "code_recovered", **_about(run)})


def _about(run: Run) -> dict[str, object]:
    return {"workflow_id": run.workflow_id, "run_id": run.run_id, "workflow_type": run.workflow_type, "at": now()}


@dataclass(frozen=True)
class Explained:
    """A failure of workflow code as its author needs it."""

    message: str
    place: str | None
    """``path:line`` in the bundle."""
    trace: str | None
    """The author's own frames."""


def explained(failure: Failure, folder: Path | None) -> Explained:
    """What a failure says; frames read as the author's files and lines."""
    trace, place = _innermost(failure, folder)
    return Explained(_message(failure), place, trace)


def differing(words: str) -> str:
    """What differs from the history, out of what Core says of it."""
    said = _CORES_WORDS.search(words)
    return (said[1] if said else words).removeprefix(_DIFFERS)


def _message(failure: Failure) -> str:
    if _DEADLOCK in failure.message:
        return "The workflow code ran for seconds without waiting for anything (an endless loop?)."
    if _NONDETERMINISM in failure.message:
        return f"The workflow code does not do what it did before: {differing(failure.message)}"
    error_type = failure.application_failure_info.type
    return f"{error_type}: {failure.message}" if error_type and error_type != "Exception" else failure.message


def _innermost(failure: Failure, folder: Path | None) -> tuple[str | None, str | None]:
    """The author's frames of the first failure in the chain that has any, and the line of the last; frames of the host say an author nothing."""
    current = failure
    for _ in range(_MAX_CAUSES):
        own = own_frames(current.stack_trace, folder) if folder else []
        if own:
            return "\n".join(frame for frame, _ in own), own[-1][1]
        if not current.HasField("cause"):
            break
        current = current.cause
    return None, None
