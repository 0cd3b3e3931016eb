"""The bundles of examples/, imported by their folders as a host imports them: each in a package of its own."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType

EXAMPLES = Path(__file__).parents[2] / "examples"
DATA = EXAMPLES / "data"


def example(slug: str, module: str) -> ModuleType:
    """
    A module of an example's ``templates``.

    :param slug: the folder below examples/runbooks
    :param module: such as ``schemas``
    """
    package = f"example_{slug.replace('-', '_')}"
    if package not in sys.modules:
        templates = EXAMPLES / "runbooks" / slug / "templates"
        spec = importlib.util.spec_from_file_location(
            package, templates / "__init__.py", submodule_search_locations=[str(templates)]
        )
        assert spec is not None and spec.loader is not None
        made = importlib.util.module_from_spec(spec)
        sys.modules[package] = made
        spec.loader.exec_module(made)
    return importlib.import_module(f"{package}.{module}")
