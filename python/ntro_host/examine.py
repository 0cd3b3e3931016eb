"""
Loads a bundle for the first time, in a process of its own: code that ends the process, uses up its memory or never comes back must not touch the tenant's other
tasks. Run as ``python -m ntro_host.examine`` by :mod:`ntro_host.trial`.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path

from pydantic import BaseModel

from .messages import HostSettings, RevisionKey
from .surroundings import surround

BEGUN = b"begun\n"
"""Told once the bundle's own code is about to run: from then on its time counts."""


ENDS_AFTER_SECONDS = 120


class Examination(BaseModel):
    """What to load: a revision and where it lies."""

    settings: HostSettings
    key: RevisionKey
    folder: str


def main() -> None:
    """Reads an :class:`Examination` from stdin; writes ``{"described"}`` or ``{"faults"}`` to stdout, where author code does not write."""
    # Where the host ends before it could end this: whatever the bundle does, the process goes.
    signal.alarm(ENDS_AFTER_SECONDS)
    examination = Examination.model_validate_json(sys.stdin.buffer.read())
    channel = os.dup(1)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    surround(examination.settings)
    from .faults import BundleFaulty
    from .sdk import set_up_sdk

    set_up_sdk(examination.settings.storage)
    os.write(channel, BEGUN)
    try:
        told = {"described": _examine(examination)}
    except BundleFaulty as faulty:
        told = {"faults": [fault.model_dump(exclude_none=True) for fault in faulty.faults]}
    with os.fdopen(channel, "wb") as out:
        out.write(json.dumps(told).encode())
    # Threads and timers of the bundle would keep the process.
    os._exit(0)


def _examine(examination: Examination) -> object:
    from .describe import describe
    from .revisions import make_revision

    revision = make_revision(examination.key, Path(examination.folder))
    return describe(revision.bundle, list(revision.notices)).model_dump()


if __name__ == "__main__":
    main()
