"""Makes a deployment ready: fetched, loaded apart, loaded here, migrations applied."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import Awaitable
from pathlib import Path
from typing import Any, TypeVar

from .faults import BundleFaulty, Fault
from .install import install
from .messages import HostSettings, RevisionKey
from .migrations import apply_migrations, migrations_in
from .revisions import Revisions
from .server import Server, ServerAway, ServerRefused
from .trial import examine_apart

T = TypeVar("T")

TRIES = ".tries"
"""Where below a tenant's folder dry runs are prepared; the worker removes what is left of it, see ``packages/worker/src/revision-folders.ts``."""


class Preparing:
    """Prepares deployments of one tenant."""

    def __init__(self, settings: HostSettings, server: Server, revisions: Revisions) -> None:
        self._settings = settings
        self._server = server
        self._revisions = revisions

    async def prepare(self, deployment_id: str, key: RevisionKey, dry_run: bool = False) -> None:
        """
        Goes through the stages; each is told as it passes, the end as ``ready`` or ``failed`` with every fault. Of a dry run nothing stays.

        :raises ServerAway, ServerRefused: when the end could not be told; never for what is wrong with the bundle
        """
        try:
            work = self._try_out if dry_run else self._make_ready
            described = await work(deployment_id, key)
            report: dict[str, object] = {"status": "ready", "described": described}
        except (ServerAway, ServerRefused):
            raise
        except BundleFaulty as faulty:
            report = {"status": "failed", "faults": [fault.model_dump(exclude_none=True) for fault in faulty.faults]}
        except Exception as error:
            fault = Fault(code="RUNBOOK_LOAD_ERROR", message=f"{type(error).__name__}: {error}", path="")
            report = {"status": "failed", "faults": [fault.model_dump(exclude_none=True)]}
        await self._server.deployment(deployment_id, report)

    async def _make_ready(self, deployment_id: str, key: RevisionKey) -> dict[str, Any]:
        folder = self._revisions.dir_of(key)
        await self._stage(deployment_id, "installed", self._install(key, folder))
        described = await self._stage(deployment_id, "loaded", self._load(key))
        migrations = migrations_in(folder)
        if migrations:
            applying = apply_migrations(self._settings.database_url, key.slug, migrations)
            await self._stage(deployment_id, "migrated", applying)
        return described

    async def _try_out(self, deployment_id: str, key: RevisionKey) -> dict[str, Any]:
        """The stages that show faults, in a folder of its own that is removed; this process loads nothing of it."""
        folder = Path(self._settings.workflows) / self._settings.tenant.slug / TRIES / deployment_id
        try:
            await self._stage(deployment_id, "installed", self._install(key, folder))
            loading = examine_apart(self._settings, key, folder)
            return await self._stage(deployment_id, "loaded", loading)
        finally:
            await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)

    async def _install(self, key: RevisionKey, folder: Path) -> None:
        if not folder.exists():
            content = await self._server.revision(self._settings.tenant.slug, key.workflow_type, patience=600.0)
            await asyncio.to_thread(install, folder, content)

    async def _load(self, key: RevisionKey) -> dict[str, Any]:
        described = await examine_apart(self._settings, key, self._revisions.dir_of(key))
        await self._revisions.load_installed(key)
        return described

    async def _stage(self, deployment_id: str, name: str, work: Awaitable[T]) -> T:
        begun = time.monotonic()
        result = await work
        seconds = round(time.monotonic() - begun, 3)
        await self._server.deployment(deployment_id, {"status": "progress", "stage": name, "seconds": seconds})
        return result
