"""
Defect of ntro 0.1.2, ``ingest/outcome.py``: a file in which no row was found counts as a success. Instead its outcome
is ``empty``, as that of a file none of whose rows were accepted.
"""

from __future__ import annotations

from typing import Any

from ntro.ingest.outcome import IngestOutcome

from .published import replace

_published: Any = IngestOutcome.from_counts.__func__  # type: ignore[attr-defined]


def apply() -> None:
    """Replaces the constructor that counts."""
    replace("from_counts", classmethod(_from_counts), IngestOutcome)


def _from_counts(cls: type[IngestOutcome], /, **counts: Any) -> IngestOutcome:
    outcome: IngestOutcome = _published(cls, **counts)
    return outcome.model_copy(update={"status": "empty"}) if outcome.accepted_rows == 0 else outcome
