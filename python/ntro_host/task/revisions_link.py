"""What the host knows of the revisions it has loaded, as far as workflow code needs it; tests of this part do without."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

import yaml
from temporalio import workflow

from .steps import DeclaredStep


class Revision(Protocol):
    """The parts of a loaded revision that are used here."""

    @property
    def dir(self) -> Path:
        """The folder of its bundle."""

    @property
    def workflow(self) -> type:
        """The author's class."""


_lookup: Callable[[str], Any] | None = None


def link() -> None:
    """Finds the host's revisions. Called outside of workflow code, when a worker is made."""
    global _lookup
    try:
        _lookup = importlib.import_module("ntro_host.revisions").loaded
    except (ImportError, AttributeError):
        _lookup = None


def loaded(workflow_type: str) -> Revision | None:
    """The revision of a workflow type; None where it is not loaded in this process."""
    revision: Revision | None = None if _lookup is None else _lookup(workflow_type)
    return revision


CODE = "ntro_code"
"""The function, given to an instance from outside, that names the workflow type whose code it runs; without it that is the run's own."""


def code_here(own_type: str) -> str:
    """The workflow type whose code runs: another than the run's own after a repair. Workflow code alone may ask."""
    named = workflow.extern_functions().get(CODE)
    return own_type if named is None else str(named())


def frontmatter_steps(workflow_type: str) -> list[DeclaredStep]:
    """The steps that a bundle's ``runbook.md`` names; none where it names none."""
    revision = loaded(workflow_type)
    return [] if revision is None else list(_steps_in(revision.dir))


@lru_cache(maxsize=256)
def _steps_in(folder: Path) -> tuple[DeclaredStep, ...]:
    # The files of a revision never change, so reading one in workflow code gives the same on every replay.
    for name in ("runbook.md", "skill.md"):
        file = folder / name
        if file.is_file():
            return tuple(_steps_of(file.read_text(encoding="utf-8")))
    return ()


def _steps_of(text: str) -> list[DeclaredStep]:
    parts = text.split("---", 2)
    if len(parts) < 3 or parts[0].strip():
        return []
    try:
        frontmatter = yaml.safe_load(parts[1])
    except yaml.YAMLError:
        return []
    entries = frontmatter.get("steps") if isinstance(frontmatter, dict) else None
    named = (
        [entry for entry in entries if isinstance(entry, dict) and entry.get("id")] if isinstance(entries, list) else []
    )
    return [
        DeclaredStep(str(entry["id"]), str(entry.get("label") or entry["id"]), _icon(entry.get("icon")))
        for entry in named
    ]


def _icon(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
