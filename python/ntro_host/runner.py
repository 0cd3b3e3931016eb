"""Gives Temporal's worker the code of each execution: a revision, in the sandbox where it can live there."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from temporalio.bridge.proto.workflow_activation import WorkflowActivation
from temporalio.bridge.proto.workflow_completion import WorkflowActivationCompletion
from temporalio.common import RawValue
from temporalio.converter import SerializationContext, StorageDriverStoreContext
from temporalio.exceptions import ApplicationError
from temporalio.worker import UnsandboxedWorkflowRunner, WorkflowInstance, WorkflowInstanceDetails, WorkflowRunner
from temporalio.worker._command_aware_visitor import CommandInfo
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions
from temporalio.worker.workflow_sandbox._runner import _Instance
from temporalio.workflow import SandboxImportNotificationPolicy, _Definition

from .loader import ROOT
from .task import ACCOUNT, CODE

Activate = Callable[[WorkflowActivation], WorkflowActivationCompletion]


class RevisionMissing(Exception):
    """The code of an execution could not be had; its workflow task fails and is tried again."""


class InputRunner(WorkflowRunner):
    """Runs an execution with its argument as it came, undecoded: what does not fit the author's annotation must end the task and not be tried for ever."""

    def prepare_workflow(self, defn: _Definition) -> None:
        """Nothing: revisions are checked when they are loaded."""

    def create_instance(self, det: WorkflowInstanceDetails) -> WorkflowInstance:
        """The instance of one execution."""
        raw: list[type] = [RawValue] * len(det.defn.arg_types or [RawValue])
        defn = dataclasses.replace(det.defn, arg_types=raw)
        return UnsandboxedWorkflowRunner().create_instance(dataclasses.replace(det, defn=defn))

    def set_worker_level_failure_exception_types(self, types: Sequence[type[BaseException]]) -> None:
        """Nothing: which exceptions end a task is decided around the author's run."""


class _AllBut(set[str]):
    """Every module except those of one package. Parents of the package count as its own: what is below a passed module passes."""

    def __init__(self, package: str) -> None:
        super().__init__()
        self._package = package

    def __contains__(self, name: object) -> bool:
        return name not in (ROOT, self._package) and not str(name).startswith(self._package + ".")


def sandbox_of(package: str) -> SandboxRestrictions:
    """Temporal's sandbox in which only this bundle's modules are imported anew for each execution."""
    return dataclasses.replace(
        SandboxRestrictions.default,
        passthrough_modules=_AllBut(package),
        import_notification_policy=SandboxImportNotificationPolicy.SILENT,
    )


class _SandboxedInstance(_Instance):
    """Asked about payloads without entering the sandbox: no author code takes part in the answer, and entering costs more than answering."""

    def get_serialization_context(self, command_info: CommandInfo | None) -> SerializationContext | None:
        context: SerializationContext | None = self._inner.get_serialization_context(command_info)
        return context

    def get_external_store_context(self, command_info: CommandInfo | None) -> StorageDriverStoreContext:
        context: StorageDriverStoreContext = self._inner.get_external_store_context(command_info)
        return context

    @property
    def _inner(self) -> Any:
        return self.globals_and_locals["__temporal_in_sandbox"]


class _SandboxedRunner(SandboxedWorkflowRunner):
    def create_instance(self, det: WorkflowInstanceDetails) -> WorkflowInstance:
        return _SandboxedInstance(det, self.runner_class, self.restrictions)


def sandboxed_runner(package: str) -> SandboxedWorkflowRunner:
    """Runs executions of one bundle in its sandbox."""
    return _SandboxedRunner(restrictions=sandbox_of(package), runner_class=InputRunner)


def _contained(activate: Activate) -> Activate:
    """
    Code that would end the process (``sys.exit``) fails its own task as any bug does: the SDK passes such exceptions on to the event loop, and with the
    host every other task would go down, again at each attempt.
    """

    def contained(act: WorkflowActivation) -> WorkflowActivationCompletion:
        try:
            return activate(act)
        except Exception:
            raise
        except BaseException as error:
            raise ApplicationError(str(error), type=type(error).__name__) from error

    return contained


@dataclasses.dataclass(frozen=True)
class Served:
    """What a revision's executions run."""

    workflow: type
    runner: WorkflowRunner


def instance_of(
    det: WorkflowInstanceDetails, served: Served, workflow_type: str, account: str | None = None
) -> WorkflowInstance:
    """
    The instance of one execution, on the code of a revision.

    :param workflow_type: of that revision; the execution's own, unless it was repaired
    :param account: under which it keeps what it tells of itself; its run id by default
    """
    told: dict[str, Callable[[], str]] = {CODE: lambda: workflow_type}
    if account is not None:
        told[ACCOUNT] = lambda: account
    defn = _Definition.must_from_class(served.workflow)
    extern_functions = {**det.extern_functions, **told}
    instance = served.runner.create_instance(dataclasses.replace(det, defn=defn, extern_functions=extern_functions))
    instance.activate = _contained(instance.activate)  # type: ignore[assignment,method-assign]
    return instance


class RevisionRunner(WorkflowRunner):
    """Runs each execution on the revision whose code it has: that of its workflow type, or of its repair."""

    def __init__(
        self,
        served: Callable[[str], Served | None],
        problems: Mapping[str, Exception],
        codes: Mapping[str, str],
    ) -> None:
        """
        :param served: what is loaded, by workflow type
        :param problems: why executions of a workflow type cannot be run now
        :param codes: the workflow type whose code each run has, by run id
        """
        self._served = served
        self._problems = problems
        self._codes = codes

    def prepare_workflow(self, defn: _Definition) -> None:
        """Nothing: the one workflow that Temporal's worker knows only stands for the others."""

    def create_instance(self, det: WorkflowInstanceDetails) -> WorkflowInstance:
        """The instance of one execution. Raises :class:`RevisionMissing`."""
        workflow_type = self._codes.get(det.info.run_id, det.info.workflow_type)
        served = self._served(workflow_type)
        problem = self._problems.get(workflow_type)
        if served is None or problem is not None:
            raise RevisionMissing(f"The code of {workflow_type} could not be loaded: {problem}") from problem
        return instance_of(det, served, workflow_type)

    def set_worker_level_failure_exception_types(self, types: Sequence[type[BaseException]]) -> None:
        """Nothing: see :class:`InputRunner`."""
