"""What a host sees of activations, and what it tells of code that fails."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import pytest
from temporalio.api.failure.v1 import Failure
from temporalio.bridge.proto.workflow_activation import RemoveFromCache, WorkflowActivation
from temporalio.bridge.proto.workflow_completion import WorkflowActivationCompletion
from temporalio.bridge.temporal_sdk_bridge import PollShutdownError
from temporalio.bridge.worker import Worker

from ntro_host.code_health import CodeHealth, Run
from ntro_host.messages import Repair
from ntro_host.observed_bridge import ObservedBridge
from ntro_host.repairs import Repairs

FOLDER = Path("/somewhere/nav/0.1.0/abc")
RUN = Run("task", "run", "nav@0.1.0+0123456789ab", "nav@0.1.0+0123456789ab")


class Inner:
    """A bridge with activations to give."""

    def __init__(self, *activations: WorkflowActivation) -> None:
        self.activations = list(activations)
        self.completed: list[WorkflowActivationCompletion] = []

    async def poll_workflow_activation(self) -> WorkflowActivation:
        if not self.activations:
            raise PollShutdownError
        return self.activations.pop(0)

    async def complete_workflow_activation(self, completion: WorkflowActivationCompletion) -> None:
        self.completed.append(completion)

    def initiate_shutdown(self) -> str:
        return "passed on"


class Seen:
    """An observer that loads when it is let."""

    def __init__(self) -> None:
        self.loading: list[tuple[Run, Mapping[str, Any]]] = []
        self.may_load = asyncio.Event()
        self.good: list[Run] = []
        self.evicted: list[Run] = []

    async def before_run(self, run: Run, lock: Mapping[str, Any]) -> None:
        self.loading.append((run, lock))
        await self.may_load.wait()

    def after_good(self, run: Run) -> None:
        self.good.append(run)

    def after_eviction(self, run: Run) -> None:
        self.evicted.append(run)


def bridge_to(
    inner: Inner, seen: Seen, reports: list[dict[str, object]], repairs: Repairs | None = None
) -> ObservedBridge:
    health = CodeHealth(lambda _: FOLDER, reports.append)
    return ObservedBridge(cast(Worker, inner), seen, health, repairs or Repairs())


def starting(run_id: str = "run", lock: bytes = b"{}") -> WorkflowActivation:
    activation = WorkflowActivation(run_id=run_id)
    init = activation.jobs.add().initialize_workflow
    init.workflow_id, init.workflow_type = "task", RUN.workflow_type
    init.memo.fields["ntro_lock"].data = lock
    return activation


def timer(run_id: str = "run", *, replaying: bool = False) -> WorkflowActivation:
    activation = WorkflowActivation(run_id=run_id, is_replaying=replaying)
    activation.jobs.add().fire_timer.seq = 1
    return activation


def good(run_id: str = "run") -> WorkflowActivationCompletion:
    completion = WorkflowActivationCompletion(run_id=run_id)
    completion.successful.SetInParent()
    return completion


def failed(failure: Failure, run_id: str = "run") -> WorkflowActivationCompletion:
    completion = WorkflowActivationCompletion(run_id=run_id)
    completion.failed.failure.CopyFrom(failure)
    return completion


def name_error() -> Failure:
    trace = (
        '  File "/venv/temporalio/worker/_workflow_instance.py", line 534, in activate\n    self._run_once(\n\n'
        f'  File "{FOLDER}/templates/workflow.py", line 19, in run\n    print(undefined)\n          ^^^^^^^^^\n\n'
        '  File "/venv/ntro/x.py", line 1, in y\n    z\n'
    )
    failure = Failure(message="name 'undefined' is not defined", stack_trace=trace)
    failure.application_failure_info.type = "NameError"
    return failure


def test_code_is_loaded_before_an_execution_starts_and_others_do_not_wait() -> None:
    async def run() -> None:
        inner = Inner(starting(lock=b'{"child": {"type": "t", "queue": "q"}}'), timer("other"))
        seen = Seen()
        bridge = bridge_to(inner, seen, [])
        assert (await bridge.poll_workflow_activation()).run_id == "other"
        assert seen.loading == [(RUN, {"child": {"type": "t", "queue": "q"}})]
        seen.may_load.set()
        assert (await bridge.poll_workflow_activation()).run_id == "run"
        with pytest.raises(PollShutdownError):
            await bridge.poll_workflow_activation()
        assert bridge.initiate_shutdown() == "passed on"

    asyncio.run(run())


async def polled(bridge: ObservedBridge, seen: Seen, completion: WorkflowActivationCompletion) -> None:
    seen.may_load.set()
    await bridge.poll_workflow_activation()
    await bridge.complete_workflow_activation(completion)


def test_failing_code_is_told_once_with_the_authors_line_and_so_is_its_recovery() -> None:
    async def run() -> list[dict[str, object]]:
        seen, reports = Seen(), cast(list[dict[str, object]], [])
        evict = WorkflowActivation(run_id="run")
        evict.jobs.add().remove_from_cache.reason = RemoveFromCache.EvictionReason.LANG_FAIL
        inner = Inner(starting(), evict, starting(), evict, starting(), timer(replaying=True), timer(), timer())
        bridge = bridge_to(inner, seen, reports)
        for completion in (failed(name_error()), good(), failed(name_error()), good()):
            await polled(bridge, seen, completion)
        assert len(reports) == 1
        assert seen.evicted == [RUN, RUN]
        inner.activations[0].is_replaying = True
        await polled(bridge, seen, good())
        await polled(bridge, seen, good())
        assert len(reports) == 1, "a replay proves nothing"
        await polled(bridge, seen, good())
        await polled(bridge, seen, good())
        assert seen.good == [RUN, RUN]
        return reports

    failing, recovered = asyncio.run(run())
    assert failing["kind"] == "code_failing"
    assert failing["failure"] == {
        "type": "CodeFailing",
        "message": "NameError: name 'undefined' is not defined (templates/workflow.py:19)",
        "stackTrace": '  File "templates/workflow.py", line 19, in run\n    print(undefined)\n          ^^^^^^^^^',
    }
    assert str(failing["at"]).endswith("Z")
    assert (recovered["kind"], recovered["workflow_id"], recovered["run_id"]) == ("code_recovered", "task", "run")


def test_code_that_differs_from_its_history() -> None:
    async def run() -> list[dict[str, object]]:
        seen, reports = Seen(), cast(list[dict[str, object]], [])
        evict = WorkflowActivation(run_id="run")
        job = evict.jobs.add().remove_from_cache
        job.reason = RemoveFromCache.EvictionReason.NONDETERMINISM
        job.message = 'Failure { message: "[TMPRL1100] Nondeterminism error: other activity", source: "" }'
        bridge = bridge_to(Inner(starting(), evict), seen, reports)
        await polled(bridge, seen, good())
        await polled(bridge, seen, good())
        return reports

    [report] = asyncio.run(run())
    assert report["failure"] == {
        "type": "CodeFailing",
        "message": "The workflow code does not do what it did before: other activity",
        "stackTrace": None,
    }


def signal_repaired(number: int, code: str, run_id: str = "run", lock: str = "{}") -> WorkflowActivation:
    activation = WorkflowActivation(run_id=run_id)
    signal = activation.jobs.add().signal_workflow
    signal.signal_name = "ntro_repaired"
    signal.input.add().data = f'{{"number": {number}, "type": "{code}", "lock": {lock}}}'.encode()
    return activation


def test_a_repaired_run_is_made_anew_on_the_other_code_without_a_word() -> None:
    async def run() -> tuple[Inner, Seen]:
        seen, reports = Seen(), cast(list[dict[str, object]], [])
        evict = WorkflowActivation(run_id="run")
        evict.jobs.add().remove_from_cache.reason = RemoveFromCache.EvictionReason.LANG_FAIL
        lock = '{"leaf": {"type": "leaf@2", "queue": "q"}}'
        again = starting()
        again.jobs.append(signal_repaired(1, "nav@2", lock=lock).jobs[0])
        query = WorkflowActivation(run_id="run")
        query.jobs.add().query_workflow.query_id = "q"
        older = signal_repaired(1, "nav@1")
        inner = Inner(starting(), signal_repaired(2, "nav@3"), query, evict, again, older)
        bridge = bridge_to(inner, seen, reports)
        await polled(bridge, seen, good())
        # The signal itself never reaches the old code; what only looks at it may.
        assert (await bridge.poll_workflow_activation()).jobs[0].HasField("query_workflow")
        assert [completion.HasField("failed") for completion in inner.completed] == [False, True]
        await bridge.complete_workflow_activation(good())
        await polled(bridge, seen, good())
        assert await bridge.poll_workflow_activation() is again
        await bridge.complete_workflow_activation(good())
        assert await bridge.poll_workflow_activation() is older
        assert reports == []
        return inner, seen

    inner, seen = asyncio.run(run())
    assert len([completion for completion in inner.completed if completion.HasField("failed")]) == 1
    assert seen.evicted == [RUN]
    mended = Run("task", "run", RUN.workflow_type, "nav@3")
    assert seen.loading[1] == (mended, {"leaf": {"type": "leaf@2", "queue": "q"}})


def test_of_what_the_server_tells_and_a_history_shows_the_newer_counts() -> None:
    def repair(number: int, code: str) -> Repair:
        return Repair(workflow_id="task", number=number, type=code)

    repairs = Repairs([repair(2, "two")])
    assert (repairs.type_of("task", "own"), repairs.type_of("other", "own")) == ("two", "own")
    repairs.meet(repair(1, "one"))
    assert repairs.type_of("task", "own") == "two"
    repairs.meet(repair(3, "three"))
    repairs.replace([repair(2, "two")])
    assert repairs.type_of("task", "own") == "three"
    repairs.replace([repair(3, "three")])
    repairs.replace([])
    assert repairs.type_of("task", "own") == "own"


def test_queries_prove_nothing_and_report_nothing() -> None:
    async def run() -> Seen:
        seen = Seen()
        query = WorkflowActivation(run_id="run")
        query.jobs.add().query_workflow.query_id = "q"
        bridge = bridge_to(Inner(starting(), query), seen, [])
        await polled(bridge, seen, good())
        await polled(bridge, seen, good())
        return seen

    assert asyncio.run(run()).good == [RUN]


def test_a_run_that_ends_is_told_of_before_it_is_forgotten() -> None:
    class Hasty(Inner):
        """Evicts a run before it says that it has the outcome."""

        async def complete_workflow_activation(self, completion: WorkflowActivationCompletion) -> None:
            await super().complete_workflow_activation(completion)
            if len(self.completed) == 1:
                self.evicting = asyncio.create_task(polled(bridge, seen, good()))
                await asyncio.sleep(0)
                await asyncio.sleep(0)
                assert seen.evicted == []

    evict = WorkflowActivation(run_id="run")
    evict.jobs.add().remove_from_cache.reason = RemoveFromCache.EvictionReason.WORKFLOW_EXECUTION_ENDING
    seen = Seen()
    inner = Hasty(starting(), evict)
    bridge = bridge_to(inner, seen, [])

    async def run() -> None:
        await polled(bridge, seen, good())
        assert seen.good == [RUN]
        await inner.evicting
        assert seen.evicted == [RUN]

    asyncio.run(run())


def test_what_cannot_be_sent_is_told_as_failing_code() -> None:
    class Strict(Inner):
        async def complete_workflow_activation(self, completion: WorkflowActivationCompletion) -> None:
            if not completion.HasField("failed"):
                raise ValueError("Invalid proto: Failure.cause: Failure.cause: recursion limit reached")
            await super().complete_workflow_activation(completion)

    async def run() -> list[dict[str, object]]:
        seen, reports = Seen(), cast(list[dict[str, object]], [])
        await polled(bridge_to(Strict(starting()), seen, reports), seen, good())
        assert seen.good == []
        return reports

    [report] = asyncio.run(run())
    assert cast(dict[str, object], report["failure"])["message"] == (
        "What the workflow code did cannot be told to Temporal: recursion limit reached"
    )


def test_a_cause_names_the_line() -> None:
    reports: list[dict[str, object]] = []
    outer = Failure(message="Failed decoding arguments", cause=name_error())
    outer.application_failure_info.type = "RuntimeError"
    CodeHealth(lambda _: FOLDER, reports.append).failed(RUN, outer)
    assert cast(dict[str, object], reports[0]["failure"])["message"] == (
        "RuntimeError: Failed decoding arguments (templates/workflow.py:19)"
    )


def test_an_endless_loop_is_called_so() -> None:
    reports: list[dict[str, object]] = []
    failure = name_error()
    failure.message = "[TMPRL1101] Potential deadlock detected: workflow didn't yield within 2 second(s)."
    CodeHealth(lambda _: FOLDER, reports.append).failed(RUN, failure)
    assert cast(dict[str, object], reports[0]["failure"])["message"] == (
        "The workflow code ran for seconds without waiting for anything (an endless loop?). (templates/workflow.py:19)"
    )
