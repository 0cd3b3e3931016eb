"""The whole host: a process of its own, a real Temporal, a stand-in for the server."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest
from bundle_files import ACTIVITIES, WORKFLOW, files_of
from host_lab import INPUT, Lab, failure_of, start, until
from temporalio.client import Client, WorkflowFailureError

from ntro_host.heartbeats import HOST_HEARTBEAT

WAIT = "await runbook.wait_condition(lambda: self._go)"


def test_deploys_and_runs_two_versions_of_one_slug(lab: Lab) -> None:
    _, tried = lab.revisions.add({**files_of(tag="tried"), "migrations/001.sql": "no sql"}, version="0.0.1")
    report = lab.revisions.deployments.pop(lab.host.prepare(tried, dry_run=True))
    assert [each.get("stage", each["status"]) for each in report] == ["installed", "loaded", "ready"]
    assert [path for path in Path(lab.settings["workflows"]).rglob("*") if path.is_file()] == []
    one = lab.deployed(files_of(tag="one"))
    two = lab.deployed(files_of(tag="two", version="0.2.0", factor=2), version="0.2.0")
    [installed, loaded, ready] = next(iter(lab.revisions.deployments.values()))
    assert (installed["stage"], loaded["stage"]) == ("installed", "loaded")
    assert ready["described"]["activities"] == ["in_thread", "nav.compute"]

    async def work(client: Client) -> None:
        first, second = await start(client, one), await start(client, two)
        assert await first.result() == {"tag": "one", "total": 35}
        assert await second.result() == {"tag": "two", "total": 10}
        await until(lambda: [r["closing"] for r in lab.revisions.of(first.id, "state")][-1:] == ["completed"])

    lab.run(work)
    assert lab.host.drain() == 0


def test_a_bundle_that_cannot_be_loaded(lab: Lab) -> None:
    bad = WORKFLOW.replace("NavMonthlyWorkflow", "NavWorkflow")
    _, key = lab.revisions.add(files_of(workflow=bad, models="import nothing_here\n"))
    report = lab.revisions.deployments[lab.host.prepare(key)][-1]
    assert report["status"] == "failed"
    assert [fault["code"] for fault in report["faults"]] == ["MODELS_PY_IMPORT_ERROR"]
    assert (report["faults"][0]["path"], report["faults"][0]["line"]) == ("templates/models.py", 1)


def test_a_bundle_that_ends_its_process(lab: Lab) -> None:
    _, key = lab.revisions.add(files_of(models="import os\nos._exit(7)\n"))
    report = lab.revisions.deployments[lab.host.prepare(key)][-1]
    assert [fault["code"] for fault in report["faults"]] == ["RUNBOOK_LOAD_ERROR"]
    assert report["faults"][0]["message"] == "It ended the process while it was loaded (exit code 7)."


def test_waiting_tasks_survive_the_end_of_their_host(lab: Lab) -> None:
    one = lab.deployed(files_of(tag="one", more=WAIT))
    two = lab.deployed(files_of(tag="two", version="0.2.0", more=WAIT), version="0.2.0")

    async def work(client: Client) -> None:
        handles = [await start(client, one), await start(client, two)]
        for handle in handles:
            await until(lambda handle=handle: "completed" in str(lab.revisions.of(handle.id, "state")))
        lab.host.kill()
        # What the disk has lost, the server still has.
        await asyncio.to_thread(lab.again)
        for handle in handles:
            await handle.signal("go", {})
        assert [(await handle.result())["tag"] for handle in handles] == ["one", "two"]

    lab.run(work)
    assert lab.host.lose_supervisor() == 0


def test_code_that_fails_and_works_again(lab: Lab) -> None:
    helper = "\n\ndef lookup() -> None:\n    import os\n    if not os.path.exists(os.environ['MARK']):\n        {}['not yet']\n"
    text = WORKFLOW.replace("import compute, in_thread", "import compute, in_thread, lookup").replace(
        "# more", "lookup()"
    )
    workflow_type = lab.deployed(files_of(activities=ACTIVITIES + helper, workflow=text))
    described = next(iter(lab.revisions.deployments.values()))[-1]["described"]
    assert described["notices"][0].startswith("It runs outside Temporal's sandbox: its workflow code uses os.")

    async def work(client: Client) -> None:
        handle = await start(client, workflow_type)
        await until(lambda: lab.revisions.of(handle.id, "code_failing"))
        [failing] = lab.revisions.of(handle.id, "code_failing")
        number = (ACTIVITIES + helper).split("\n").index("        {}['not yet']") + 1
        assert failing["failure"]["message"] == f"KeyError: 'not yet' (templates/activities.py:{number})"
        Path(lab.settings["python"]["variables"]["MARK"]).write_text("")
        assert (await handle.result())["tag"] == "one"
        await until(lambda: lab.revisions.of(handle.id, "code_recovered"))

    lab.run(work)


def test_an_undefined_name_is_announced_and_leaves_the_task_open(lab: Lab) -> None:
    workflow_type = lab.deployed(files_of(more="nothing_defines_this()"))
    described = next(iter(lab.revisions.deployments.values()))[-1]["described"]
    assert "nothing_defines_this" in described["notices"][0]

    async def work(client: Client) -> None:
        handle = await start(client, workflow_type)
        await until(lambda: lab.revisions.of(handle.id, "code_failing"))
        message = lab.revisions.of(handle.id, "code_failing")[0]["failure"]["message"]
        assert message.startswith("NameError: name 'nothing_defines_this' is not defined (templates/workflow.py:")
        description = await handle.describe()
        assert description.status is not None and description.status.name == "RUNNING"
        await handle.terminate()

    lab.run(work)


def test_an_endless_loop_holds_up_nobody_else(lab: Lab) -> None:
    loop = lab.deployed(files_of(more="\n        while True:\n            pass"))
    good = lab.deployed(files_of(version="0.2.0"), version="0.2.0")

    async def work(client: Client) -> None:
        stuck = await start(client, loop)
        assert (await (await start(client, good)).result())["tag"] == "one"
        await until(lambda: lab.revisions.of(stuck.id, "code_failing"))
        assert "endless loop" in lab.revisions.of(stuck.id, "code_failing")[0]["failure"]["message"]
        await stuck.terminate()

    lab.run(work)


@pytest.mark.parametrize(
    "ends", ["raise SystemExit('enough')", "import asyncio; await asyncio.gather(self._end())"], ids=["run", "a part"]
)
def test_code_that_would_end_the_process_takes_nobody_down(lab: Lab, ends: str) -> None:
    end = "\n\n    async def _end(self) -> None:\n        raise SystemExit('enough')\n"
    files = files_of(more=ends)
    files["templates/workflow.py"] += end
    exits = lab.deployed(files)
    good = lab.deployed(files_of(version="0.2.0"), version="0.2.0")

    async def work(client: Client) -> None:
        ending = await start(client, exits)
        await until(lambda: lab.revisions.of(ending.id, "code_failing"))
        message = lab.revisions.of(ending.id, "code_failing")[0]["failure"]["message"]
        assert message.startswith("SystemExit: enough (templates/workflow.py:")
        assert (await (await start(client, good)).result())["tag"] == "one"
        await ending.terminate()

    lab.run(work)


def test_an_activity_that_would_end_the_process_only_fails(lab: Lab) -> None:
    leaves = "\n\n@activity.defn\n{} leave_{}() -> None:\n    import sys\n\n    sys.exit(3)\n"
    more = """
        from temporalio.common import RetryPolicy
        once = {"start_to_close_timeout": timedelta(seconds=20), "retry_policy": RetryPolicy(maximum_attempts=1)}
        if ctx.period != "stay":
            await runbook.execute_activity(ctx.period, **once)
    """
    activities = ACTIVITIES + leaves.format("def", "thread") + leaves.format("async def", "loop")
    workflow_type = lab.deployed(files_of(activities=activities, more=more))

    async def work(client: Client) -> None:
        for name in ("leave_thread", "leave_loop"):
            error = await failure_of(client, workflow_type, {**INPUT, "period": name})
            assert (error.type, error.message) == ("SystemExit", "3")
        assert (await (await start(client, workflow_type, {**INPUT, "period": "stay"})).result())["tag"] == "one"

    lab.run(work)
    assert lab.host.drain() == 0


def test_rules_of_activities(lab: Lab) -> None:
    more = """
        if ctx.period == "count":
            await runbook.execute_activity(compute, start_to_close_timeout=timedelta(seconds=5))
        if ctx.period == "type":
            await runbook.execute_activity("nav.compute", {"amount": "x"}, start_to_close_timeout=timedelta(seconds=5))
        if ctx.period == "none":
            await runbook.execute_activity("not-there", start_to_close_timeout=timedelta(seconds=5))
        if ctx.period == "large":
            await runbook.execute_activity("large", start_to_close_timeout=timedelta(seconds=5))
        if ctx.period == "odd":
            await runbook.execute_activity("odd", start_to_close_timeout=timedelta(seconds=5))
    """
    extra = """

@activity.defn
async def large() -> str:
    print("author code may print")
    return "x" * 1_000_001


@activity.defn
def odd() -> object:
    return object()
"""
    workflow_type = lab.deployed(files_of(activities=ACTIVITIES + extra, more=more))

    async def work(client: Client) -> None:
        async def failing(**value: object) -> tuple[str | None, str]:
            error = await failure_of(client, workflow_type, {**INPUT, **value})
            assert error.non_retryable
            return error.type, error.message

        assert await failing(amount=-1) == ("ValueError", "negative amount")
        assert await failing(period="type") == (
            "ActivityInputInvalid",
            'The input of "nav.compute" does not fit its annotation. Ctx: period: Field required; '
            "amount: Input should be a valid integer, unable to parse string as an integer",
        )
        assert (await failing(period="count"))[0] == "ActivityInputInvalid"
        assert (await failing(period="none"))[0] == "ActivityNotFound"
        large = await failing(period="large")
        assert large[0] == "ResultTooLarge"
        assert "1000003 bytes" in large[1]
        assert (await failing(period="odd"))[0] == "ActivityOutputInvalid"

    lab.run(work)
    assert "author code may print" in lab.host.log


def test_plain_functions_beat_and_can_be_cancelled(lab: Lab) -> None:
    more = """
        got = await runbook.execute_activity(
            in_thread, 0.05, start_to_close_timeout=timedelta(seconds=30), heartbeat_timeout=timedelta(seconds=5)
        )
        assert got == "done"
        await runbook.execute_activity(
            in_thread, 60.0, start_to_close_timeout=timedelta(seconds=90), heartbeat_timeout=timedelta(seconds=1)
        )
    """
    workflow_type = lab.deployed(files_of(more=more))

    async def work(client: Client) -> None:
        handle = await start(client, workflow_type)

        timeouts = []
        async for event in handle.fetch_history_events(wait_new_event=True):
            scheduled = event.activity_task_scheduled_event_attributes
            if scheduled.activity_id:
                timeouts.append(scheduled.heartbeat_timeout.ToTimedelta())
            # The first two activities are over, the third is under way.
            if len(timeouts) == 3:
                break
        assert timeouts == [HOST_HEARTBEAT, timedelta(seconds=5), timedelta(seconds=1)]
        await handle.cancel()
        with pytest.raises(WorkflowFailureError):
            await handle.result()

    lab.run(work)
    # A thread that still ran would keep the host for its 60 s.
    assert lab.host.drain() == 0


def test_it_may_rest_only_while_no_activity_runs(lab: Lab) -> None:
    more = "await runbook.execute_activity(in_thread, 60.0, start_to_close_timeout=timedelta(seconds=90))"
    workflow_type = lab.deployed(files_of(more=more))

    async def work(client: Client) -> None:
        handle = await start(client, workflow_type)

        async def under_way() -> bool:
            pending = (await handle.describe()).raw_description.pending_activities
            return any(
                each.activity_type.name == "in_thread" and each.HasField("last_started_time") for each in pending
            )

        loop = asyncio.get_running_loop()
        await until(lambda: asyncio.run_coroutine_threadsafe(under_way(), loop).result())
        lab.host.send({"type": "rest"})
        # Something that takes longer than a "no".
        await asyncio.to_thread(lab.deployed, files_of(version="0.2.0"), "0.2.0")
        assert not lab.host.has_said("idle")
        await handle.cancel()
        with pytest.raises(WorkflowFailureError):
            await handle.result()

        def rests() -> bool:
            lab.host.send({"type": "rest"})
            return lab.host.has_said("idle")

        await until(rests)

    lab.run(work)
    assert lab.host.drain() == 0


def test_tasks_share_no_module(lab: Lab) -> None:
    text = WORKFLOW.replace("@runbook.defn", "SEEN = []\n\n\n@runbook.defn").replace(
        "# more", "SEEN.append(1)\n        out = Out(tag=out.tag, total=len(SEEN))"
    )
    workflow_type = lab.deployed(files_of(workflow=text))

    async def work(client: Client) -> None:
        for _ in range(3):
            assert (await (await start(client, workflow_type)).result())["total"] == 1

    lab.run(work)


def test_code_is_fetched_when_a_task_needs_it(lab: Lab) -> None:
    workflow_type, _ = lab.revisions.add(files_of())
    lab.revisions.away = True

    async def work(client: Client) -> None:
        handle = await start(client, workflow_type)
        await asyncio.sleep(0.5)
        lab.revisions.away = False
        assert (await handle.result())["tag"] == "one"

    lab.run(work)
