"""How tasks end, and what is only a bug."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

from ntro.workflow import NtroWorkflow, WorkflowError, activity, runbook
from pydantic import BaseModel
from task_support import refusal, trial

Json = dict[str, Any]


class Period(BaseModel):
    """An input."""

    period: str
    tenant_slug: str
    what: str = ""


class NothingToClose(Exception):
    """An author's own."""


@activity.defn(name="failures.large")
async def large() -> str:
    """Nothing much."""
    return "x"


@runbook.defn
class Trouble(NtroWorkflow):
    """Everything that can go wrong."""

    @runbook.step(name="work", title="Work")
    async def _work(self, what: str) -> Any:
        if what == "raises":
            raise NothingToClose("Nothing to close.")
        if what == "workflow error":
            raise WorkflowError("The ledger is closed.", type="LedgerClosed")
        if what == "bug":
            return {}["first"]  # type: ignore[call-overload]
        if what == "asserts":
            raise AssertionError("never")
        if what == "large result":
            return {"done": "é" * 500_001}
        if what in ("large review", "huge review"):
            count = 5_000 if what == "large review" else 10_000
            rows = [{"id": str(number), "text": "0123456789" * 20} for number in range(count)]
            answer = await self.wait_for_action(payload={"rows": rows}, reason="Many rows")
            return {"corrections": answer["corrections"]}
        if what == "again":
            for number in (1, 2):
                await self._round(number)
        if what == "group":
            async with asyncio.TaskGroup() as group:
                group.create_task(self._work("workflow error"))
        if what == "taken late":
            self._received_user_action = {"type": "approved", "from": "me"}
            return (await self.wait_for_action(reason="Asked and answered"))["from"]
        if what == "steps":
            first = await self.run_step("parse", large, start_to_close_timeout=timedelta(seconds=5))
            return await self.run_step("shout", self._shout, first)
        return None

    @runbook.step(name="round", title="Round")
    async def _round(self, number: int) -> None:
        await self.wait_for_action(reason=f"Round {number}")

    async def _shout(self, text: str) -> str:
        return text.upper()

    @runbook.run
    async def run(self, ctx: Period) -> Any:
        """Whatever was asked for."""
        return await self._work(ctx.what)


async def _start(address: str, what: str, work: Any) -> None:
    async with trial(address, [Trouble], [large]) as running:
        await work(await running.start(Trouble, {"period": "2026-03", "what": what}))


def ends_with(address: str, what: str) -> tuple[str, str]:
    found: list[tuple[str, str]] = []

    async def work(task: Any) -> None:
        found.append(await task.failure())
        last = await task.reported(lambda report: report["closing"] is not None)
        assert last["closing"] == "failed"
        assert last["steps"][0]["status"] in ("failed", "completed")

    asyncio.run(_start(address, what, work))
    return found[0]


def test_what_the_author_raises_ends_the_task(temporal_address: str) -> None:
    assert ends_with(temporal_address, "raises") == ("NothingToClose", "Nothing to close.")
    assert ends_with(temporal_address, "workflow error") == ("LedgerClosed", "The ledger is closed.")
    assert ends_with(temporal_address, "group") == ("LedgerClosed", "The ledger is closed.")


def test_a_result_that_is_too_large_ends_the_task(temporal_address: str) -> None:
    kind, why = ends_with(temporal_address, "large result")
    assert kind == "ResultTooLarge" and "1000013 bytes" in why


def test_a_bug_leaves_the_task_open(temporal_address: str) -> None:
    async def bug(task: Any) -> None:
        failure = await task.code_failing()
        assert "first" in failure.message and "test_task_failures.py" in failure.stack_trace
        assert (await task.handle.describe()).status.name == "RUNNING"
        assert all(report["closing"] is None for report in task.reports)
        await task.handle.terminate()

    async def huge(task: Any) -> None:
        assert "at most 1250000 at once" in (await task.code_failing()).message
        await task.handle.terminate()

    asyncio.run(_start(temporal_address, "bug", bug))
    asyncio.run(_start(temporal_address, "asserts", lambda task: _failing(task, "never")))
    asyncio.run(_start(temporal_address, "huge review", huge))


async def _failing(task: Any, word: str) -> None:
    assert word in (await task.code_failing()).message
    await task.handle.terminate()


def test_invalid_input_fails_at_once_and_names_the_field(temporal_address: str) -> None:
    async def work() -> None:
        async with trial(temporal_address, [Trouble]) as running:
            kind, why = await (await running.start(Trouble, {"period": 3})).failure()
            assert kind == "InputInvalid" and "period: " in why and "3" not in why

    asyncio.run(work())


def test_a_review_of_thousands_of_rows_is_shown_whole_and_not_kept(temporal_address: str) -> None:
    async def work(task: Any) -> None:
        gate = await task.gate("Many rows")
        assert len(gate["action"]["payload"]["rows"]) == 5_000
        await task.approve(gate, [{"row_id": "4999", "field": "text", "new_value": "last"}])
        assert (await task.result())["corrections"][0]["new_value"] == "last"
        snapshot = (await task.query("step_snapshots"))["work"]
        assert snapshot["payload"]["omitted_bytes"] > 1_000_000 and snapshot["decision"]["type"] == "approved"

    asyncio.run(_start(temporal_address, "large review", work))


def test_a_step_that_is_entered_again_starts_over(temporal_address: str) -> None:
    async def work(task: Any) -> None:
        await task.approve(await task.gate("Round 1"))
        second = await task.gate("Round 2")
        state = await task.state()
        again = next(step for step in state["steps"] if step["id"] == "round")
        assert again["status"] == "active" and "ended_at" not in again
        assert (await task.query("current_ui_state"))["steps_completed"] == []
        assert state["snapshots"] == {}
        await task.approve(second)
        await task.result()
        assert (await task.query("step_snapshots"))["round"]["decision"]["gate"] == second["token"]

    asyncio.run(_start(temporal_address, "again", work))


def test_an_answer_that_the_authors_own_code_gives_before_it_waits_is_taken(temporal_address: str) -> None:
    async def work(task: Any) -> None:
        assert await task.result() == "me"

    asyncio.run(_start(temporal_address, "taken late", work))


def test_run_step_runs_activities_and_functions(temporal_address: str) -> None:
    async def work(task: Any) -> None:
        assert await task.result() == "X"
        steps = (await task.state())["steps"]
        assert [(step["id"], step["title"], step["status"]) for step in steps] == [
            ("work", "Work", "completed"),
            ("round", "Round", "pending"),
            ("parse", "Parse", "completed"),
            ("shout", "Shout", "completed"),
        ]
        assert all(step["started_at"].endswith("Z") for step in steps if step["status"] == "completed")

    asyncio.run(_start(temporal_address, "steps", work))


def test_a_task_goes_on_after_its_worker_was_replaced(temporal_address: str) -> None:
    async def work() -> None:
        async with trial(temporal_address, [Trouble]) as first:
            task = await first.start(Trouble, {"period": "2026-03", "what": "again"})
            gate = await task.gate("Round 1")
            before = await task.state()
        async with trial(temporal_address, [Trouble], queue=first.queue) as second:
            moved = type(task)(second.client.get_workflow_handle(task.id), second)
            assert await moved.state() == before
            assert moved.reports == []
            await moved.approve(gate)
            assert (await refusal(moved.approve(gate)))[0] == "GATE_NOT_OPEN"
            await moved.approve(await moved.gate("Round 2"))
            await moved.result()
            numbers = [report["seq"] for report in moved.reports]
            assert numbers == sorted(set(numbers)) and numbers[0] > before["seq"]

    asyncio.run(work())


@runbook.defn
class Overlapping(NtroWorkflow):
    """One step twice at once, and no words for its gates."""

    @runbook.step(name="both", title="")
    async def _both(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        if seconds:
            await self.wait_for_action()

    @runbook.run
    async def run(self, ctx: Json) -> None:
        """Both."""
        await asyncio.gather(self._both(0), self._both(0.05))


def test_a_step_that_runs_twice_at_once_is_over_when_both_are(temporal_address: str) -> None:
    async def work() -> None:
        async with trial(temporal_address, [Overlapping]) as running:
            task = await running.start(Overlapping)
            gate = await task.gate()
            assert gate["title"] == "both" and gate["step_id"] == "both"
            assert (await task.state())["steps"][0]["status"] == "active"
            await task.approve(gate)
            await task.result()
            assert (await task.state())["steps"][0]["status"] == "completed"

    asyncio.run(work())
