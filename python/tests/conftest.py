"""
What tests of the Python host share: the environment that the SDK looks at when it is imported, real services (one of
each for a run), and the corrected SDK as the host of a tenant ``acme``.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from host_lab import Lab

sys.path.insert(0, str(Path(__file__).resolve().parent))
# Without it the SDK takes itself for a laptop without Temporal, and `WorkflowError` is no failure of Temporal's.
os.environ.setdefault("TEMPORAL_HOST", "127.0.0.1:7233")

SettingUp = Callable[..., None]

_OF_THE_WORKER = ("ANTHROPIC_API_KEY", "NTRO_AI_BASE_URL", "NTRO_AI_API_KEY", "EMAIL_SMTP_HOST", "EMAIL_FROM_ADDRESS")


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


@pytest.fixture
def host_of_acme(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[SettingUp]:
    """
    The corrected SDK in a process like that of a host: tenant ``acme``, storage in the test's folder, no AI. What is
    given to the function it yields is set in the environment.
    """
    from ntro.capabilities import _ai_config, ai, checks, config
    from ntro.data import clear_cache

    from ntro_host.corrections import apply_corrections, storage

    apply_corrections(storage_folder=tmp_path / "storage")

    def set_up(**environment: str) -> None:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        config.reset()
        clear_cache()
        monkeypatch.setattr(ai, "_extract_cache_ready", False)
        monkeypatch.setattr(checks, "_cache_table_ready", False)

    for name in (*_OF_THE_WORKER, "NTRO_TENANT_POSTGRES_URL"):
        monkeypatch.delenv(name, raising=False)
    set_up(
        NTRO_TENANT_SLUG="acme",
        NTRO_TENANT_ID="5f0c5c0e-8a4f-4d0e-9d5c-0d2c1b1f3a10",
        NTRO_ARTIFACTS_DIR=str(tmp_path / "artifacts"),
    )
    token = _ai_config._ai_config_override.set(None)
    yield set_up
    _ai_config._ai_config_override.reset(token)
    storage.use_folder(None)
    config.reset()
    clear_cache()


@pytest.fixture
def tenant_database(postgres_url: str, host_of_acme: SettingUp) -> str:
    """The URL of a tenant's database that the corrected SDK uses."""
    from tenant_database import make_database

    url = make_database(postgres_url)
    host_of_acme(NTRO_TENANT_POSTGRES_URL=url)
    return url


@pytest.fixture
def lab(temporal_address: str, tmp_path: Path) -> Iterator[Lab]:
    """A host with what is around it."""
    from host_lab import Lab
    from host_process import revisions_server, settings_of

    with revisions_server() as (stand_in, revisions):
        made = Lab(revisions, settings_of(stand_in, temporal_address, tmp_path, MARK=str(tmp_path / "mark")))
        yield made
        made.host.kill()
