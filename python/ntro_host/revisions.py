"""The revisions of one tenant by workflow type, loaded when first asked for."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from .install import install, revision_dir
from .loading import ActivityDefinition, LoadedBundle, load_bundle
from .messages import RevisionKey, parse_workflow_type
from .runner import InputRunner, Served, sandboxed_runner
from .sandbox_fit import why_not_sandboxed
from .server import Server


@dataclass(frozen=True)
class Revision:
    """A revision ready to run."""

    key: RevisionKey
    dir: Path
    package: str
    """The package its modules are imported as."""
    bundle: LoadedBundle
    served: Served
    sandboxed: bool
    notices: Sequence[str]

    @property
    def workflow(self) -> type:
        """The author's class."""
        return self.bundle.workflow

    @property
    def activities(self) -> Mapping[str, ActivityDefinition]:
        """By activity type."""
        return self.bundle.activities

    @property
    def slug(self) -> str:
        """Its runbook."""
        return self.key.slug

    @property
    def version(self) -> str:
        """Its version."""
        return self.key.version

    @property
    def digest(self) -> str:
        """The sha256 of its archive."""
        return self.key.digest

    @property
    def type(self) -> str:
        """Its workflow type."""
        return self.key.workflow_type


class UnknownType(Exception):
    """Not a workflow type of ours."""


_loaded: dict[str, Revision] = {}


def loaded(workflow_type: str) -> Revision | None:
    """A revision that has been loaded in this process. Workflow code may ask: whatever a task's lock names is loaded before the task's code runs."""
    return _loaded.get(workflow_type)


class Revisions:
    """Loads revisions, each once. What the disk lacks is fetched from the server and installed, so any host of the tenant can wake any task."""

    def __init__(self, workflows: str, tenant_slug: str, server: Server) -> None:
        """:param workflows: the folder of all tenants' revisions"""
        self._workflows = workflows
        self._tenant_slug = tenant_slug
        self._server = server
        self._loading: dict[str, asyncio.Task[Revision]] = {}

    async def load(self, workflow_type: str) -> Revision:
        """
        The revision of a workflow type.

        :raises UnknownType, BundleFaulty, ServerAway, ServerRefused, OSError: when it cannot be had now; asked again, it is tried again
        """
        known = _loaded.get(workflow_type)
        return known if known is not None else await self._once(workflow_type, None)

    async def load_installed(self, key: RevisionKey) -> Revision:
        """The same for a revision that lies on disk: the server is not asked."""
        known = _loaded.get(key.workflow_type)
        return known if known is not None else await self._once(key.workflow_type, key)

    def dir_of(self, key: RevisionKey) -> Path:
        """Where a revision is installed, or would be."""
        return revision_dir(self._workflows, self._tenant_slug, key)

    async def _once(self, workflow_type: str, key: RevisionKey | None) -> Revision:
        task = self._loading.get(workflow_type)
        if task is None:
            task = asyncio.create_task(self._load(workflow_type, key))
            self._loading[workflow_type] = task
            task.add_done_callback(lambda _: self._loading.pop(workflow_type, None))
        # Whoever gives up waiting leaves the others their revision.
        return await asyncio.shield(task)

    async def _load(self, workflow_type: str, key: RevisionKey | None) -> Revision:
        found = key or await self._find(workflow_type)
        # In a thread: imports take long, and the host's other tasks go on.
        revision = await asyncio.to_thread(make_revision, found, self.dir_of(found))
        _loaded[workflow_type] = revision
        return revision

    async def _find(self, workflow_type: str) -> RevisionKey:
        parsed = parse_workflow_type(workflow_type)
        if parsed is None:
            raise UnknownType(f'"{workflow_type}" is no workflow type of ours.')
        slug, version, shown = parsed
        for folder in revision_dir(self._workflows, self._tenant_slug, _any(slug, version)).parent.glob(f"{shown}*"):
            return RevisionKey(slug=slug, version=version, digest=folder.name)
        content = await self._server.revision(self._tenant_slug, workflow_type)
        await asyncio.to_thread(install, self.dir_of(content.key), content)
        return content.key


def make_revision(key: RevisionKey, folder: Path) -> Revision:
    """Loads a revision from disk and chooses how it runs. Raises BundleFaulty."""
    bundle = load_bundle(key, folder)
    reason = why_not_sandboxed(bundle)
    runner = InputRunner() if reason else sandboxed_runner(bundle.package)
    return Revision(
        key=key,
        dir=folder,
        package=bundle.package,
        bundle=bundle,
        served=Served(bundle.workflow, runner),
        sandboxed=reason is None,
        notices=_notices(bundle, reason),
    )


def _notices(bundle: LoadedBundle, reason: str | None) -> list[str]:
    notices = [f"It runs outside Temporal's sandbox: {reason}"] if reason else []
    if not any(base.__name__ == "NtroWorkflow" for base in inspect.getmro(bundle.workflow)):
        notices.append(f"{bundle.workflow.__name__} does not extend NtroWorkflow: it has no steps and no gates.")
    return notices


def _any(slug: str, version: str) -> RevisionKey:
    return RevisionKey(slug=slug, version=version, digest="0" * 64)
