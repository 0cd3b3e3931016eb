"""What bundles do that few others do."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ntro.workflow import NtroWorkflow, runbook
from task_support import IDENTITY, Task, refusal, trial
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import Replayer

from ntro_host.runner import InputRunner
from ntro_host.task import TaskInterceptor, revisions_link

Json = dict[str, Any]


@runbook.defn
class FourEyes(NtroWorkflow):
    """A review that two people have to approve, by a predicate of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.approvals: list[str] = []

    @runbook.signal
    def user_action(self, action: Json) -> None:
        """Counts."""
        if action["kind"] == "approve":
            self.approvals.append(action["actedBy"]["name"])

    @runbook.run
    async def run(self, ctx: Json) -> list[str]:
        """Who did."""
        action = {"kind": "interactive_review", "reason": "Two of you", "payload": {"total": 1}}
        await self.await_signal_with_action(predicate=lambda: len(self.approvals) == 2, action=action)
        return self.approvals


@runbook.defn
class Awkward(NtroWorkflow):
    """Handlers of other forms."""

    def __init__(self) -> None:
        super().__init__()
        self.came = 0
        self.seen: list[str] = []

    @runbook.signal
    def tick(self) -> None:
        """Takes nothing."""
        self.came += 1

    async def on_row_action(self, action: Json) -> None:
        """Takes its time."""
        await asyncio.sleep(0.01)
        change = action["payload"]
        if change["row_id"] == "b":
            raise ValueError("Not b.")
        self.seen.append(change["row_id"])

    @runbook.run
    async def run(self, ctx: Json) -> Json:
        """What came."""
        tick = {"kind": "submit_file", "reason": "Tick", "args": {"signal_name": "tick"}}
        await self.await_signal_with_action(predicate=lambda: self.came == 1, action=tick)
        nobody = {"kind": "submit_file", "reason": "Nobody", "args": {"source": "x", "signal_name": "unheard"}}
        try:
            wait = self.await_signal_with_action(predicate=lambda: self.came == 2, action=nobody)
            await asyncio.wait_for(wait, 0.5 if ctx.get("hurry") else None)
        except TimeoutError:
            self.seen.append("late")
        self.set_user_feedback(kind="note", payload={"message": "look"}, level="warning")
        await self.wait_for_action(payload=[{"id": "a", "x": 1}, {"id": "b", "x": 1}], reason="Rows")
        await self.wait_for_action(reason="After")
        return {"seen": self.seen}


ALL = (FourEyes, Awkward)


def test_a_review_may_take_several_answers(temporal_address: str) -> None:
    async def work() -> None:
        async with trial(temporal_address, ALL) as running:
            task = await running.start(FourEyes)
            gate = await task.gate("Two of you")
            assert gate["kind"] == "interactive_review" and gate["action"]["payload"] == {"total": 1}
            await task.approve(gate)
            assert [open_["token"] for open_ in (await task.state())["gates"]] == [gate["token"]]
            await task.signal("user_action", {"type": "approved", "actedBy": {"id": "2", "name": "Two"}})
            assert await task.result() == ["Robin Reviewer", "Two"]

    asyncio.run(work())


def test_handlers_of_other_forms(temporal_address: str) -> None:
    async def work() -> None:
        async with trial(temporal_address, ALL) as running:
            task = await running.start(Awkward)
            tick = await task.gate("Tick")
            assert tick["slots"][0]["source"] == "file"
            await task.submit(tick, "anything")
            nobody = await task.gate("Nobody")
            assert (await refusal(task.submit(nobody, "x")))[0] == "DATA_NOT_TAKEN"
            await task.signal("tick", None)
            rows = await task.gate("Rows")
            assert rows["action"]["feedback"]["level"] == "warning"
            await task.row(rows, "edit_cell", "a", field="x", value=2)
            assert await refusal(task.row(rows, "reject_row", "b")) == ("CORRECTION_REFUSED", "Not b.")
            shown = (await task.state())["gates"][0]
            # The author keeps the edit out of sight, so the host shows it.
            assert shown["action"]["payload"][0]["x"] == 2 and shown["rejected_rows"] == []
            await task.approve(rows)
            after = await task.gate("After")
            assert "feedback" not in after["action"] and (await task.state())["feedback"] is None
            await task.approve(after)
            assert await task.result() == {"seen": ["a"]}

    asyncio.run(work())


def test_a_wait_that_its_author_gives_up_closes_its_gate(temporal_address: str) -> None:
    async def work() -> None:
        async with trial(temporal_address, ALL) as running:
            task = await running.start(Awkward, {"hurry": True})
            await task.submit(await task.gate("Tick"), "file")
            nobody = await task.gate("Nobody")
            await task.gate("Rows")
            assert (await refusal(task.submit(nobody, "x")))[0] == "GATE_NOT_OPEN"
            assert len((await task.state())["gates"]) == 1

    asyncio.run(work())


def test_signals_that_come_with_the_start(temporal_address: str) -> None:
    async def work() -> None:
        async with trial(temporal_address, ALL) as running:
            handle = await running.client.start_workflow(
                "Awkward", IDENTITY, id="early", task_queue=running.queue, start_signal="tick", start_signal_args=[]
            )
            await Task(handle, running).gate("Nobody")
            await handle.terminate()
            handle = await running.client.start_workflow(
                "FourEyes",
                IDENTITY,
                id="early-too",
                task_queue=running.queue,
                start_signal="user_action",
                start_signal_args=[{"type": "approved"}],
            )
            task = Task(handle, running)
            gate = await task.gate("Two of you")
            await task.approve(gate)
            assert len((await task.state())["gates"]) == 1

    asyncio.run(work())


def test_histories_replay(temporal_address: str) -> None:
    async def work() -> None:
        async with trial(temporal_address, ALL) as running:
            task = await running.start(Awkward)
            await task.submit(await task.gate("Tick"), "file")
            await task.gate("Nobody")
            await task.signal("tick", None)
            rows = await task.gate("Rows")
            await task.row(rows, "edit_cell", "a", field="x", value=2)
            await task.approve(rows)
            await task.reject(await task.gate("After"), "No.")
            await task.result()
            history = await task.handle.fetch_history()
        replayer = Replayer(
            workflows=list(ALL),
            data_converter=pydantic_data_converter,
            interceptors=[TaskInterceptor()],
            workflow_runner=InputRunner(),
        )
        await replayer.replay_workflow(history)

    asyncio.run(work())


def test_steps_of_the_frontmatter_stand_in_for_decorated_ones(
    temporal_address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = "steps:\n  - {id: upload, label: Upload it}\n  - {id: post, label: Post it}\n"
    (tmp_path / "runbook.md").write_text(f"---\nslug: four-eyes\n{steps}---\n")
    revision = SimpleNamespace(dir=tmp_path, workflow=FourEyes)

    async def work() -> None:
        async with trial(temporal_address, ALL) as running:
            monkeypatch.setattr(revisions_link, "_lookup", lambda workflow_type: revision)
            task = await running.start(FourEyes)
            await task.gate()
            shown = (await task.state())["steps"]
            assert [(step["id"], step["title"], step["status"]) for step in shown] == [
                ("upload", "Upload it", "pending"),
                ("post", "Post it", "pending"),
            ]
            assert await task.query("current_steps") == []

    asyncio.run(work())
