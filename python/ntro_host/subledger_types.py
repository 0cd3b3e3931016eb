"""
Which row class a subledger's name means depends on who asks: the published SDK keeps one table for the process, in which two versions of a bundle would
replace or refuse each other's classes.
"""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from typing import Any

from temporalio import workflow

from .loader import current_package, package_of


class TypesByBundle(MutableMapping[str, Any]):
    """The SDK's registry: types of the SDK for everybody, those of a bundle for its own code alone."""

    def __init__(self, shared: MutableMapping[str, Any]) -> None:
        """:param shared: what is registered already"""
        self._shared = shared
        self._own: dict[str, dict[str, Any]] = {}

    def __getitem__(self, name: str) -> Any:
        own = self._own.get(current_package.get() or "", {})
        return own[name] if name in own else self._shared[name]

    def __setitem__(self, name: str, entry: Any) -> None:
        package = package_of(entry.row_class.__module__)
        if package is None:
            self._shared[name] = entry
        elif not workflow.unsafe.in_sandbox():
            # The sandbox imports a bundle anew for every task; activities keep the class they were imported with.
            self._own.setdefault(package, {})[name] = entry

    def __delitem__(self, name: str) -> None:
        del self._shared[name]

    def __iter__(self) -> Iterator[str]:
        return iter({**self._shared, **self._own.get(current_package.get() or "", {})})

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def forget(self, package: str) -> None:
        """Drops the types of a bundle that could not be loaded."""
        self._own.pop(package, None)


def separate_subledger_types() -> None:
    """Puts :class:`TypesByBundle` in the place of the SDK's registry; once, before any bundle is imported."""
    from ntro.subledger import registry

    if not isinstance(registry._registry, TypesByBundle):
        registry._registry = TypesByBundle(registry._registry)  # type: ignore[assignment]


def forget_subledger_types(package: str) -> None:
    """Drops what a bundle registered before it failed to load."""
    from ntro.subledger import registry

    if isinstance(registry._registry, TypesByBundle):
        registry._registry.forget(package)
