"""What whoever deploys a bundle should know though nothing is wrong enough to refuse it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from .code_walk import undefined_names
from .faults import path_in_bundle
from .loader import modules_of
from .loading import LoadedBundle

_OTHER_NAMES = frozenset({"ntro-core", "ntro-providers", "ntro-provider-local", "ntro-provider-anthropic"})
"""Packages that published bundles ask for and that every environment has under other names."""

_REQUIREMENT = re.compile(r"([A-Za-z0-9][\w.-]*)\s*(?:\[[^\]]*\])?\s*([^#;]*)")
_MOST = 5


def notices_of(bundle: LoadedBundle) -> list[str]:
    """One sentence each."""
    return [*_undefined(bundle), *_provided(bundle.folder)]


def _undefined(bundle: LoadedBundle) -> list[str]:
    """A published bundle has such a line and works until it gets there, so it is no fault."""
    found = [
        f"{path_in_bundle(bundle.folder, module.__file__)}:{use.line} uses `{use.name}`, which nothing defines: "
        "code that comes there stops with a NameError."
        for module in modules_of(bundle.package)
        for use in undefined_names(module)
    ]
    more = [f"There are {len(found) - _MOST} more such names."] if len(found) > _MOST else []
    return [*found[:_MOST], *more]


def _provided(folder: Path) -> list[str]:
    file = folder / "templates/requirements.txt"
    if not file.is_file():
        return []
    names = sorted(set(_provided_names(file.read_text(encoding="utf-8"))))
    if not names:
        return []
    return [f"templates/requirements.txt: every environment has {', '.join(names)}; nothing was installed for that."]


def _provided_names(text: str) -> Iterator[str]:
    for line in text.splitlines():
        match = _REQUIREMENT.fullmatch(line.split("#")[0].split(";")[0].strip())
        if match is None:
            continue
        name, version = match[1].lower().replace("_", "-"), match[2].strip()
        if name in _OTHER_NAMES or (not version and _is_installed(name)):
            yield name


def _is_installed(name: str) -> bool:
    try:
        distribution(name)
    except PackageNotFoundError:
        return False
    return True
