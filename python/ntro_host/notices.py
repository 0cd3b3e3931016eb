"""What whoever deploys a bundle should know though nothing is wrong enough to refuse it."""

from __future__ import annotations

from .code_walk import undefined_names
from .faults import path_in_bundle
from .loader import modules_of
from .loading import LoadedBundle

_MOST = 5


def notices_of(bundle: LoadedBundle) -> list[str]:
    """One sentence each."""
    # A published bundle has such a line and works until it gets there, so it is no fault.
    found = [
        f"{path_in_bundle(bundle.folder, module.__file__)}:{use.line} uses `{use.name}`, which nothing defines: "
        "code that comes there stops with a NameError."
        for module in modules_of(bundle.package)
        for use in undefined_names(module)
    ]
    more = [f"There are {len(found) - _MOST} more such names."] if len(found) > _MOST else []
    return [*found[:_MOST], *more]
