"""Tasks that go on with the code of another revision."""

from __future__ import annotations

import asyncio
from typing import Any

from bundle_files import WORKFLOW, files_of
from host_lab import Handle, Lab, start, until
from host_process import QUEUE
from task_support import decision
from temporalio.client import Client
from temporalio.service import RPCError

Json = dict[str, Any]

LEAF = """
from ntro.workflow import NtroWorkflow, runbook


@runbook.defn
class LeafWorkflow(NtroWorkflow):
    @runbook.run
    async def run(self, ctx: dict) -> dict:
        return {"leaf": "VERSION"}
"""
WAIT = "await runbook.wait_condition(lambda: self._go)"
FIRST = WAIT
SECOND = f"""{WAIT}
        again = await self._compute(ctx)
        leaf = await self.run_child_workflow(slug="leaf", input={{}})
        self._go = False
        {WAIT}
        out = Out(tag=f"{{out.tag}} {{again.tag}} {{leaf['leaf']}}", total=out.total + again.total)"""
THIRD = SECOND.replace('out = Out(tag=f"', 'out = Out(tag=f"third ')


def leaf(lab: Lab, version: str) -> str:
    """Deploys a version of the child; gives its type."""
    files = {
        "runbook.md": f"---\nslug: leaf\nname: Leaf\nversion: {version}\n---\n",
        "templates/activities.py": "",
        "templates/workflow.py": LEAF.replace("VERSION", version),
    }
    return lab.revisions.add(files, slug="leaf", version=version)[0]


def version(lab: Lab, number: int, more: str, **other: str) -> str:
    """Deploys a version of the task's code; gives its type."""
    files = files_of(version=f"0.{number}.0", tag=f"v{number}", factor=number, more=more, **other)
    return lab.revisions.add(files, version=f"0.{number}.0")[0]


def lock(workflow_type: str) -> Json:
    return {"leaf": {"type": workflow_type, "queue": QUEUE}}


def line_of(more: str, text: str) -> int:
    """Where a statement of a version stands in its workflow.py."""
    lines = WORKFLOW.replace("# more", more).split("\n")
    return next(number for number, line in enumerate(lines, 1) if text in line)


async def waiting(lab: Lab, handle: Handle) -> None:
    """Returns when its first step is over."""
    await until(lambda: any(r["steps"][0]["status"] == "completed" for r in lab.revisions.of(handle.id, "state")))


async def repaired(handle: Handle, number: int, workflow_type: str, changes: Json | None = None) -> None:
    await handle.signal("ntro_repaired", {"number": number, "type": workflow_type, "lock": changes or {}})


def in_force(handle: Handle, number: int, workflow_type: str) -> Json:
    return {"workflowId": handle.id, "number": number, "type": workflow_type}


async def given_until_taken(handle: Handle, answer: Json) -> None:
    """As the server does it: Temporal refuses an answer with which the code fails, and it is kept and sent again under its id."""
    while True:
        try:
            assert await handle.execute_update("ntro_decide", answer, id="answer") == {"accepted": True}
            return
        except RPCError:
            await asyncio.sleep(0.1)


def tried(lab: Lab, handle: Handle, workflow_type: str) -> Json:
    """What is reported of a task's history on a revision."""
    return lab.revisions.replays[lab.host.replay(handle.id, workflow_type)]


def test_a_task_goes_on_with_other_code_and_so_do_its_activities_and_later_children(lab: Lab) -> None:
    one, two, three = version(lab, 1, FIRST), version(lab, 2, SECOND), version(lab, 3, THIRD)
    old, new = leaf(lab, "1.0.0"), leaf(lab, "2.0.0")

    async def work(client: Client) -> None:
        live = await start(client, one, ntro_lock=lock(old))
        told = await start(client, one, ntro_lock=lock(old))
        for handle in (live, told):
            await waiting(lab, handle)
        reports = len(lab.revisions.reports)
        fits = await asyncio.to_thread(tried, lab, live, two)
        assert fits == {"status": "fits", "events": (await live.fetch_history()).events[-1].event_id}
        assert len(lab.revisions.reports) == reports, "a replay tells nothing of the task"
        # Known by the signal alone, and before it.
        await repaired(live, 1, two, lock(new))
        lab.host.send({"type": "repairs", "repairs": [in_force(told, 1, two)]})
        await repaired(told, 1, two)
        for handle in (live, told):
            await handle.signal("go", {})
            await until(lambda handle=handle: "children" in str(lab.revisions.of(handle.id, "state")))
        await until(lambda: "completed" in str([r["children"] for r in lab.revisions.of(live.id, "state")]))
        await until(lambda: "completed" in str([r["children"] for r in lab.revisions.of(told.id, "state")]))
        # A second time, and with everything replayed by a host that knows of nothing.
        await repaired(live, 2, three)
        lab.host.kill()
        await asyncio.to_thread(lab.again)
        for handle in (live, told):
            await handle.signal("go", {})
        assert await live.result() == {"tag": "third v1 v2 2.0.0", "total": 5 + 10}
        assert await told.result() == {"tag": "v1 v2 1.0.0", "total": 5 + 10}
        assert not lab.revisions.of(live.id, "code_failing") + lab.revisions.of(told.id, "code_failing")
        assert (await live.describe()).workflow_type == one
        assert {report["workflow_type"] for report in lab.revisions.of(live.id)} == {one}

    lab.run(work)


def test_code_that_does_something_else_does_not_fit(lab: Lab) -> None:
    one = version(lab, 1, f"{WAIT}\n        await self._compute(ctx)\n        self._go = False\n        {WAIT}")
    sleeps = f"{WAIT}\n        import asyncio\n        await asyncio.sleep(1)\n        await self._compute(ctx)"
    ends = "return out"
    other = (
        f"{WAIT}\n        await runbook.execute_activity(in_thread, 0.0, start_to_close_timeout=timedelta(seconds=9))"
    )
    fails = f"{WAIT}\n        await self._compute(ctx)\n        {{}}['lost']"
    types = [version(lab, number, more) for number, more in enumerate((sleeps, ends, other, fails), 2)]

    async def work(client: Client) -> None:
        handle = await start(client, one)
        await waiting(lab, handle)
        await handle.signal("go", {})
        history = await _with_two_activities(handle)
        second = [
            event.event_id for event in history.events if event.HasField("activity_task_scheduled_event_attributes")
        ][1]
        found = [await asyncio.to_thread(tried, lab, handle, each) for each in types]
        assert [(report["status"], report["eventId"], report["eventType"]) for report in found[:3]] == [
            ("unfit", second, "ActivityTaskScheduled")
        ] * 3
        lines = (line_of(sleeps, "asyncio.sleep"), None, line_of(other, "in_thread, 0.0"))
        assert [report["frame"] and report["frame"]["line"] for report in found[:3]] == list(lines)
        assert found[0]["frame"]["path"] == "templates/workflow.py"
        assert found[0]["frame"]["source"] == "await asyncio.sleep(1)"
        had = "The task's history has ActivityTaskScheduled of nav.compute here; the new code"
        assert [report["message"] for report in found[:3]] == [
            f"{had} starts a timer.",
            f"{had} comes to its end.",
            f"{had} has activity type in_thread.",
        ]
        assert (found[3]["status"], found[3]["eventType"]) == ("unfit", "ActivityTaskCompleted")
        assert found[3]["message"] == "KeyError: 'lost'"
        assert found[3]["frame"]["line"] == line_of(fails, "'lost'")
        unknown = await asyncio.to_thread(tried, lab, handle, "nav-monthly@9.9.9+0123456789ab")
        assert unknown == {"status": "failed", "message": "No. (VERSION_NOT_FOUND)"}
        await handle.terminate()

    lab.run(work)


async def _with_two_activities(handle: Handle) -> Any:
    while True:
        history = await handle.fetch_history()
        if sum(event.HasField("activity_task_completed_event_attributes") for event in history.events) == 2:
            return history
        await asyncio.sleep(0.05)


def test_failing_code_is_repaired_and_a_decision_counts_once(lab: Lab) -> None:
    review = """decision = await self.wait_for_action(payload={"rows": [{"id": "a", "amount": 3}]}, reason="Amount?", display_hint=TABLE)
        given = [change["new_value"] for change in decision["corrections"]]
        out = ASSIGNED"""
    table = "TABLE = {'component': 'DATA_TABLE', 'config': {'data_key': 'rows', 'columns': [{'key': 'amount', 'editable': True}]}}"
    text = WORKFLOW.replace("@runbook.defn", f"{table}\n\n\n@runbook.defn")
    refuses = review.replace("ASSIGNED", "Out.model_validate({'tag': 'strict', 'total': given[0]})")
    takes = review.replace("ASSIGNED", "Out(tag=f'lenient {len(given)} {given[0]}', total=0)")
    one = version(lab, 1, "", workflow=text.replace("# more", refuses))
    two = version(lab, 2, "", workflow=text.replace("# more", takes))
    undefined, defined = version(lab, 3, f"{WAIT}\n        undefined()"), version(lab, 4, WAIT)

    async def work(client: Client) -> None:
        refused, broken = await start(client, one), await start(client, undefined)
        await until(lambda: any(r["gates"] for r in lab.revisions.of(refused.id, "state")))
        gate = lab.revisions.of(refused.id, "state")[-1]["gates"][0]
        wrong = [{"row_id": "a", "field": "amount", "old_value": 3, "new_value": "three"}]
        answer = decision(gate, "approved", None, wrong)
        given = asyncio.create_task(given_until_taken(refused, answer))
        await broken.signal("go", {})
        for handle, same, mended in ((refused, one, two), (broken, undefined, defined)):
            await until(lambda handle=handle: lab.revisions.of(handle.id, "code_failing"))
            assert (await asyncio.to_thread(tried, lab, handle, same))["status"] == (
                "unfit" if same == undefined else "fits"
            )
            assert (await asyncio.to_thread(tried, lab, handle, mended))["status"] == "fits"
            lab.host.send({"type": "repairs", "repairs": [in_force(handle, 1, mended)]})
            await repaired(handle, 1, mended)
        await given
        await given_until_taken(refused, answer)
        assert await refused.result() == {"tag": "lenient 1 three", "total": 0}
        assert await broken.result() == {"tag": "v3", "total": 15}
        await until(lambda: lab.revisions.of(broken.id, "code_recovered"))

    lab.run(work)
