"""Whether the packages under this host are those it was made for. What it uses of their insides is checked by name, so that a change shows at start."""

from __future__ import annotations

import dataclasses
import importlib
from importlib.metadata import PackageNotFoundError, version

VERSIONS = {"temporalio": "1.35.0", "ntro": "0.1.2"}
"""Exact versions; both are used beyond what they promise."""

_INSIDES = (
    ("temporalio.worker._worker", "Worker", "run"),
    ("temporalio.worker._activity", "_ThreadExceptionRaiser", "active_thread"),
    ("temporalio.worker._activity", "_ActivityInboundImpl", "execute_activity"),
    ("temporalio.worker._workflow", "_WorkflowWorker", "_handle_activation"),
    ("temporalio.worker.workflow_sandbox._runner", "_Instance", "get_serialization_context"),
    ("temporalio.bridge.worker", "Worker", "poll_workflow_activation"),
    ("temporalio.bridge.worker", "Worker", "complete_workflow_activation"),
    ("temporalio.workflow", "_Definition", "must_from_class"),
    ("temporalio.activity", "_Definition", "must_from_callable"),
)
_FIELDS = (
    ("temporalio.workflow", "_Definition", {"arg_types", "cls", "run_fn", "sandboxed"}),
    ("temporalio.activity", "_Definition", {"arg_types", "fn", "is_async", "no_thread_cancel_exception"}),
    ("temporalio.worker._activity", "_RunningActivity", {"sync", "cancel_thread_raiser"}),
    ("temporalio.worker.workflow_sandbox", "SandboxRestrictions", {"passthrough_modules"}),
    ("temporalio.worker.workflow_sandbox", "SandboxMatcher", {"access", "use", "exclude", "children"}),
)


def check_packages() -> None:
    """
    Checks versions and insides.

    :raises RuntimeError: which says what was expected
    """
    for package, expected in VERSIONS.items():
        try:
            found = version(package)
        except PackageNotFoundError:
            found = "none"
        if found != expected:
            raise RuntimeError(f"This host needs {package} {expected} and found {found}.")
    for module, owner, name in _INSIDES:
        if not hasattr(getattr(importlib.import_module(module), owner, None), name):
            raise _unexpected(f"{module}.{owner}.{name}")
    for module, owner, fields in _FIELDS:
        known = getattr(importlib.import_module(module), owner, None)
        names = {field.name for field in dataclasses.fields(known)} if dataclasses.is_dataclass(known) else set()
        if not fields <= names:
            raise _unexpected(f"{module}.{owner} with {', '.join(sorted(fields - names))}")


def _unexpected(missing: str) -> RuntimeError:
    return RuntimeError(f"temporalio {VERSIONS['temporalio']} has no {missing}, which this host uses.")
