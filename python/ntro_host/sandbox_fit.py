"""Whether a bundle can live in Temporal's sandbox: found out when it is loaded, not when its first task needs it."""

from __future__ import annotations

import asyncio
import builtins
from types import ModuleType

from temporalio.worker.workflow_sandbox import SandboxMatcher, SandboxRestrictions

from .code_walk import Use, global_uses, workflow_code
from .faults import innermost_place, path_in_bundle, said_by
from .loading import LoadedBundle
from .runner import sandboxed_runner


def why_not_sandboxed(bundle: LoadedBundle) -> str | None:
    """One sentence; None when it can live there. Not to be called in a thread that runs an event loop."""
    if not bundle.definition.sandboxed:
        return "its workflow class asks for that (sandboxed=False)."
    return _forbidden_use(bundle) or asyncio.run(_trial(bundle))


async def _trial(bundle: LoadedBundle) -> str | None:
    """Imports the bundle in the sandbox, as each of its executions will."""
    try:
        sandboxed_runner(bundle.package).prepare_workflow(bundle.definition)
    except Exception as error:
        place = innermost_place(bundle.folder, error.__traceback__)
        where = f" ({place.path}:{place.line})" if place else ""
        return f"importing it there fails with {said_by(bundle.folder, error).splitlines()[0]}{where}"
    return None


def _forbidden_use(bundle: LoadedBundle) -> str | None:
    """What the workflow's code uses that the sandbox refuses only when it is reached: a task would stop there."""
    for function in workflow_code(bundle):
        for use in global_uses(function):
            name = _forbidden_name(use, function.__globals__)
            if name is not None:
                path = path_in_bundle(bundle.folder, function.__code__.co_filename)
                return (
                    f"its workflow code uses {name} ({path}:{use.line}), which may give something else when Temporal runs "
                    "that code again. Take the time from runbook.now() and do everything else in activities."
                )
    return None


def _forbidden_name(use: Use, scope: dict[str, object]) -> str | None:
    if use.imported is not None:
        path = [*use.imported, *use.attributes]
        return ".".join(path) if _is_refused(path) else None
    if use.name not in scope:
        path = ["__builtins__", use.name]
        return use.name if hasattr(builtins, use.name) and _is_refused(path) else None
    path_to = _path_of(scope[use.name])
    if path_to is None:
        return None
    path = [*path_to, *use.attributes]
    return ".".join(path) if _is_refused(path) else None


def _path_of(value: object) -> list[str] | None:
    """The dotted name by which the sandbox knows a module, class or function."""
    if isinstance(value, ModuleType):
        return value.__name__.split(".")
    module, name = getattr(value, "__module__", None), getattr(value, "__qualname__", None)
    return [*module.split("."), *name.split(".")] if isinstance(module, str) and isinstance(name, str) else None


def _is_refused(path: list[str]) -> bool:
    matcher: SandboxMatcher | None = SandboxRestrictions.invalid_module_members_default
    for part in path:
        if matcher is None:
            return False
        refused = matcher.use | matcher.access
        if (part in refused or "*" in refused) and part not in matcher.exclude:
            return True
        matcher = matcher.children.get(part)
    return False
