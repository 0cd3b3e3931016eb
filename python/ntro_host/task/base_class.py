"""Puts the host's methods into ``NtroWorkflow`` of ntro 0.1.2."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

from .answering import Answering
from .author_view import AuthorView
from .runtime import HostRuntime
from .starting import Starting
from .step_decorator import step
from .waiting import Waiting

SDK_VERSION = "0.1.2"


class SdkUnfit(Exception):
    """The installed SDK is not the one that this host knows."""


def install_base_class() -> None:
    """
    Makes :class:`HostRuntime` the SDK's runtime and replaces methods of ``NtroWorkflow`` by ours. Call it before any bundle is imported; a second call changes
    nothing.

    :raises SdkUnfit: for another version of the SDK, or without ``TEMPORAL_HOST`` in the environment
    """
    found = version("ntro")
    if found != SDK_VERSION:
        raise SdkUnfit(f"This host runs bundles on ntro {SDK_VERSION}; ntro {found} is installed.")
    from ntro.workflow import get_runtime, set_runtime
    from ntro.workflow.exceptions import WorkflowError
    from temporalio.exceptions import ApplicationError

    if not issubclass(WorkflowError, ApplicationError):
        raise SdkUnfit(
            "The SDK was imported without TEMPORAL_HOST: its WorkflowError would be no failure of Temporal's."
        )
    if not isinstance(get_runtime(), HostRuntime):
        set_runtime(HostRuntime())
    # Only now: its decorators ask the runtime when the module is imported.
    from ntro.workflow import _base, _facade, decorators

    base: Any = _base.NtroWorkflow
    for part in (AuthorView, Waiting, Starting, Answering):
        for name, value in vars(part).items():
            if not name.startswith("__") and not (part is Waiting and name == "_drain_row_actions"):
                setattr(base, name, value)
    base._ai_config = None
    _base._resolve_workflow_class = _as_it_is
    decorators._step = step
    facade: Any = _facade
    facade._runbook_step_impl = step


def _as_it_is(slug: str) -> str:
    """A child stays its slug until it is started: which revision it will be is in the task's lock, not in this process."""
    return slug
