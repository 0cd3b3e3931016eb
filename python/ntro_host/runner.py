"""Gives Temporal's worker the code of each execution: the revision that its workflow type names, in the sandbox where it can live there."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence

from temporalio.common import RawValue
from temporalio.worker import UnsandboxedWorkflowRunner, WorkflowInstance, WorkflowInstanceDetails, WorkflowRunner
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions
from temporalio.workflow import SandboxImportNotificationPolicy, _Definition

from .loader import ROOT


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


def sandboxed_runner(package: str) -> SandboxedWorkflowRunner:
    """Runs executions of one bundle in its sandbox."""
    return SandboxedWorkflowRunner(restrictions=sandbox_of(package), runner_class=InputRunner)


@dataclasses.dataclass(frozen=True)
class Served:
    """What a revision's executions run."""

    workflow: type
    runner: WorkflowRunner


class RevisionRunner(WorkflowRunner):
    """Chooses the revision by the workflow type of each execution."""

    def __init__(self, served: Callable[[str], Served | None], problems: Mapping[str, Exception]) -> None:
        """
        :param served: what is loaded, by workflow type
        :param problems: why executions of a workflow type cannot be run now
        """
        self._served = served
        self._problems = problems

    def prepare_workflow(self, defn: _Definition) -> None:
        """Nothing: the one workflow that Temporal's worker knows only stands for the others."""

    def create_instance(self, det: WorkflowInstanceDetails) -> WorkflowInstance:
        """The instance of one execution. Raises :class:`RevisionMissing`."""
        workflow_type = det.info.workflow_type
        served = self._served(workflow_type)
        problem = self._problems.get(workflow_type)
        if served is None or problem is not None:
            raise RevisionMissing(f"The code of {workflow_type} could not be loaded: {problem}") from problem
        return served.runner.create_instance(
            dataclasses.replace(det, defn=_Definition.must_from_class(served.workflow))
        )

    def set_worker_level_failure_exception_types(self, types: Sequence[type[BaseException]]) -> None:
        """Nothing: see :class:`InputRunner`."""
