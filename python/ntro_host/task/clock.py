"""Times as the protocol has them: ISO 8601 UTC with milliseconds and a ``Z``, of the workflow's clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from temporalio import workflow


def iso(moment: datetime) -> str:
    """A moment as text; one without a zone is taken for UTC."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return aware.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def timestamp() -> str:
    """Now, of the workflow's clock. Raises outside of workflow code."""
    return iso(workflow.now())


def timestamp_in(left: timedelta | float) -> str:
    """The moment that is as far ahead as given, in seconds where it is a number."""
    return iso(workflow.now() + (left if isinstance(left, timedelta) else timedelta(seconds=left)))
