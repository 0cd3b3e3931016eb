"""
Imports bundles as packages of their own: ``ntro_revisions.r_<slug>_<version>_<digest>``, with ``templates`` and ``subledgers`` below it. Two versions of one
slug in one process never meet, and Temporal's sandbox can import them again under the same names.
"""

from __future__ import annotations

import ast
import contextlib
import importlib
import re
import sys
from collections.abc import Iterator, Sequence
from contextvars import ContextVar
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import spec_from_file_location
from pathlib import Path
from types import CodeType, ModuleType

from .bundle_imports import OWN_FOLDERS, relative_imports
from .messages import DIGEST_SHOWN, RevisionKey

ROOT = "ntro_revisions"

_OWN_IMPORT = re.compile(rb"^[ \t]*(?:from|import)[ \t]+.*\b(?:templates|subledgers)\b", re.MULTILINE)

current_package: ContextVar[str | None] = ContextVar("ntro_current_package", default=None)
"""The bundle whose code runs: while it is imported, and in its activities."""


def package_name(key: RevisionKey) -> str:
    """The package of a revision; its digest makes the name unique."""
    readable = re.sub(r"\W", "_", f"{key.slug}_{key.version}")
    return f"{ROOT}.r_{readable}_{key.digest[:DIGEST_SHOWN]}"


def package_of(module: str) -> str | None:
    """The revision's package that a module belongs to; None for modules of other packages."""
    parts = module.split(".", 2)
    return f"{parts[0]}.{parts[1]}" if parts[0] == ROOT and len(parts) > 1 else None


@contextlib.contextmanager
def within(package: str | None) -> Iterator[None]:
    """Marks a bundle's code as the one that runs; None for code of no bundle."""
    token = current_package.set(package)
    try:
        yield
    finally:
        current_package.reset(token)


class _BundleLoader(SourceFileLoader):
    def source_to_code(  # type: ignore[override]
        self, data: bytes | str | ast.Module, path: str, *, _optimize: int = -1
    ) -> CodeType:
        if isinstance(data, bytes) and _OWN_IMPORT.search(data):
            depth = self.name.count(".") - 1 + self.is_package(self.name)
            data = relative_imports(ast.parse(data, path), depth)
        code: CodeType = compile(data, path, "exec", dont_inherit=True, optimize=_optimize)
        return code


class _BundleFinder(MetaPathFinder):
    """Finds the files of bundles; every folder is a package, whether or not it holds an ``__init__.py``."""

    def __init__(self) -> None:
        self.folders: dict[str, Path] = {}

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname == ROOT:
            return _folder_spec(fullname, [])
        package = package_of(fullname)
        folder = self.folders.get(package) if package is not None else None
        if package is None or folder is None:
            return None
        inner = fullname.removeprefix(package).split(".")[1:]
        if not inner:
            return _folder_spec(fullname, [str(folder)])
        return _inner_spec(fullname, folder.joinpath(*inner)) if inner[0] in OWN_FOLDERS else None


def _inner_spec(fullname: str, place: Path) -> ModuleSpec | None:
    file, init = place.with_suffix(".py"), place / "__init__.py"
    if init.is_file():
        loader = _BundleLoader(fullname, str(init))
        return spec_from_file_location(fullname, init, loader=loader, submodule_search_locations=[str(place)])
    if file.is_file():
        return spec_from_file_location(fullname, file, loader=_BundleLoader(fullname, str(file)))
    return _folder_spec(fullname, [str(place)]) if place.is_dir() else None


def _folder_spec(fullname: str, locations: list[str]) -> ModuleSpec:
    spec = ModuleSpec(fullname, None, is_package=True)
    spec.submodule_search_locations = locations
    return spec


_finder = _BundleFinder()


def add_bundle(package: str, folder: Path) -> None:
    """Makes a bundle's modules importable under its package's name. Nothing is imported yet."""
    if _finder not in sys.meta_path:
        # In front: the path finder would take our packages' folders for its own and import absolutely what we make relative.
        sys.meta_path.insert(0, _finder)
    _finder.folders[package] = folder


def remove_bundle(package: str) -> None:
    """Forgets a bundle that could not be loaded, with what of it was imported."""
    _finder.folders.pop(package, None)
    for name in [name for name in sys.modules if name == package or name.startswith(package + ".")]:
        del sys.modules[name]


def import_module(package: str, module: str) -> ModuleType:
    """Imports a module of a bundle such as ``templates.workflow``. Raises what its top-level code raises."""
    with within(package):
        return importlib.import_module(f"{package}.{module}")


def subledger_modules(folder: Path) -> list[str]:
    """The modules below ``subledgers/``, in the order of their names."""
    return [
        f"subledgers.{file.stem}" for file in sorted((folder / "subledgers").glob("*.py")) if file.stem != "__init__"
    ]


def modules_of(package: str) -> list[ModuleType]:
    """The bundle's modules that have been imported."""
    return [module for name, module in list(sys.modules.items()) if name.startswith(package + ".")]
