"""Quality checks beside a gate."""

from __future__ import annotations

import asyncio
from typing import Any

from ntro.workflow import NtroWorkflow, runbook
from task_support import trial
from temporalio import activity
from temporalio.exceptions import ApplicationError

Json = dict[str, Any]
SPECS = [
    {"id": "balanced", "title": "Balanced", "prompt": "", "evaluator": "code"},
    {"id": "down", "title": "Model", "prompt": ""},
]


@activity.defn(name="run_quality_check")
async def run_quality_check(spec: Json, submitted: Json, baseline: Json | None, ai: Json | None) -> Json:
    """One check passes, the model of the other is down, a third waits."""
    if spec["id"] == "down":
        raise ApplicationError("No provider answers.", non_retryable=True)
    if spec["id"] == "slow":
        await asyncio.Event().wait()
    detail = f"{submitted['total']} {ai and ai['provider']}"
    return {"id": spec["id"], "title": spec["title"], "status": "pass", "detail": detail}


@runbook.defn
class Checked(NtroWorkflow):
    """Two gates with checks."""

    @runbook.run
    async def run(self, ctx: Json) -> Json:
        """The answers."""
        self.use_ai_config(ctx)
        first = await self.wait_for_action(payload={"total": 5}, reason="First", checks_spec=SPECS)
        slow = [{"id": "slow", "title": title, "prompt": ""} for title in ("Slow", "Slower")]
        await self.wait_for_action(payload={"total": 6}, reason="Second", checks_spec=slow)
        third = await self.wait_for_action(reason="Third")
        return {"first": first["type"], "third": third["type"]}


def test_checks_show_beside_the_gate_and_end_with_it(temporal_address: str) -> None:
    async def work() -> None:
        async with trial(temporal_address, [Checked], [run_quality_check]) as running:
            task = await running.start(Checked, {"ai": {"provider": "LOCAL"}})
            gate = await task.gate("First")
            assert [item["id"] for item in gate["action"]["checks"]["items"]] == ["balanced", "down"]
            opened = gate["action"]["checks"]["status"]
            assert opened in ("running", "pass")
            # Each check that is done is a change that is reported.
            await task.reported(lambda report: report["seq"] >= gate_seq(task) + 3)
            checks = (await task.state())["gates"][0]["action"]["checks"]
            assert checks["status"] == "pass" and checks["summary"] == "1 passing, 1 skipped"
            assert checks["items"][0]["detail"] == "5 LOCAL"
            assert checks["items"][1]["status"] == "skipped"
            assert checks["items"][1]["detail"] == "The check could not be run: No provider answers."
            assert "progress" not in checks
            await task.approve(gate)
            second = await task.gate("Second")
            assert second["action"]["checks"]["summary"] == "Running quality checks (0 of 2)…"
            await task.approve(second)
            third = await task.gate("Third")
            assert "checks" not in third["action"]
            await task.approve(third)
            assert await task.result() == {"first": "approved", "third": "approved"}

    asyncio.run(work())


def gate_seq(task: Any) -> int:
    """The number of the first report that shows a gate."""
    return int(next(report["seq"] for report in task.reports if report["gates"]))
