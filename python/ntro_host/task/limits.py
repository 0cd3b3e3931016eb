"""How much a task may show, keep and result in; the same numbers as in TypeScript (``packages/runbook/src/workflow/limits.ts``)."""

from __future__ import annotations

from typing import Any

from pydantic_core import to_json, to_jsonable_python

MAX_RESULT_BYTES = 1_000_000
"""Results over this are refused before Temporal would refuse them in an endless loop."""

MAX_SHOWN_BYTES = 1_250_000
"""What all open gates show together. Over 2 MiB Temporal would not answer a query, and nobody could see the task."""

MAX_SNAPSHOT_BYTES = 50_000
"""What a finished step keeps to be looked at; more is left out, so that many steps still fit into one answer."""


def json_bytes(value: object) -> int:
    """The size of a value as JSON, in bytes of UTF-8. Raises for what is not JSON."""
    return len(to_json(value))


def keepable(value: object) -> Any:
    """A copy of a value to keep, or how large it is where it is over the limit or not JSON."""
    try:
        size = json_bytes(value)
        return to_jsonable_python(value) if size <= MAX_SNAPSHOT_BYTES else {"omitted_bytes": size}
    except (ValueError, TypeError, RecursionError):
        return {"omitted_bytes": 0}
