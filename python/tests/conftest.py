"""
What tests of the Python host share: the environment that the SDK looks at when it is imported, and real services, one
of each for a run.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))
# Without it the SDK takes itself for a laptop without Temporal, and `WorkflowError` is no failure of Temporal's.
os.environ.setdefault("TEMPORAL_HOST", "127.0.0.1:7233")


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """The superuser's URL of a PostgreSQL with empty data; a test that wants tables makes a database of its own."""
    from services import postgres

    with postgres() as url:
        yield url


@pytest.fixture(scope="session")
def temporal_address() -> Iterator[str]:
    """``host:port`` of a Temporal with empty data."""
    from services import temporal

    with temporal() as address:
        yield address
