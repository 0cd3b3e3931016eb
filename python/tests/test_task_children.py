"""Child runbooks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from task_support import Task, Trial, document, refusal, trial

Json = dict[str, Any]


def on(address: str, how: str, work: Callable[[Task], Coroutine[Any, Any, None]]) -> None:
    from task_children import ALL, ParentWorkflow

    async def go() -> None:
        async with trial(address, ALL) as running:
            await work(await running.start(ParentWorkflow, {"how": how}, ntro_lock=lock(running)))

    asyncio.run(go())


def lock(running: Trial) -> Json:
    """Slugs as the server locks them."""
    types = {"leaf": "LeafWorkflow", "document-ingest": "DocumentIngestWorkflow"}
    return {slug: {"type": name, "queue": running.queue} for slug, name in types.items()}


def test_one_child_runs_as_the_locked_type_for_the_same_tenant(temporal_address: str) -> None:
    async def work(task: Task) -> None:
        child = task.child("work:leaf")
        gate = await child.gate("May only go on?")
        described = await child.handle.describe()
        assert described.workflow_type == "LeafWorkflow"
        assert await described.memo() == await (await task.handle.describe()).memo()
        shown = await task.query("current_pending_action")
        assert shown["kind"] == "drill_down"
        assert shown["children"] == [{"task_id": child.id, "step_id": "work", "slug": "leaf"}]
        (listed,) = (await task.query("children_by_step_id"))["work"]
        assert listed == {"workflow_id": child.id, "run_id": listed["run_id"], "slug": "leaf", "status": "running"}
        assert listed["run_id"]
        await child.approve(gate)
        assert await task.result() == ["only", "acme", "GBP"]
        assert task.reports[-1]["children"][0]["status"] == "completed"

    on(temporal_address, "one", work)


def test_several_children_have_ids_of_their_own(temporal_address: str) -> None:
    async def work(task: Task) -> None:
        assert await task.result() == [
            {"name": "a", "tenant": "acme", "currency": "GBP"},
            {"name": "b", "tenant": "own", "currency": "GBP"},
        ]
        ids = [child["workflow_id"] for child in (await task.state())["children"]]
        assert ids == [f"{task.id}:work:leaf:1", f"{task.id}:work:leaf:2"]

    on(temporal_address, "many", work)


def test_a_child_that_fails_leaves_its_siblings_to_their_ends(temporal_address: str) -> None:
    async def work(task: Task) -> None:
        sibling = task.child("work:leaf:2")
        gate = await sibling.gate()
        await task.reported(lambda report: any(child["status"] == "failed" for child in report["children"]))
        assert (await task.handle.describe()).status is not None
        await sibling.approve(gate)
        assert await task.failure() == ("LeafFailed", "x cannot be done.")
        assert (await sibling.result())["name"] == "y"
        assert [child["status"] for child in task.reports[-1]["children"]] == ["failed", "completed"]

    on(temporal_address, "failing", work)


def test_a_child_by_its_class_and_one_after_another(temporal_address: str) -> None:
    async def work(task: Task) -> None:
        assert await task.result() == ["1", "2"]

    on(temporal_address, "twice", work)


def test_a_child_that_was_not_deployed_fails_the_task(temporal_address: str) -> None:
    async def work(task: Task) -> None:
        kind, why = await task.failure()
        assert kind == "ChildNotDeployed" and '"stranger"' in why

    on(temporal_address, "unknown", work)


def test_a_repair_changes_which_revisions_later_children_are_and_nothing_else(temporal_address: str) -> None:
    from task_children import ALL, ParentWorkflow

    async def go() -> None:
        async with trial(temporal_address, ALL) as running:
            other = {"other": {"type": "OtherWorkflow", "queue": "elsewhere"}}
            task = await running.start(ParentWorkflow, {"how": "later"}, ntro_lock=other)
            gate = await task.gate("Now?")
            before = await task.state()
            told = {"number": 1, "type": "whatever", "lock": {"leaf": lock(running)["leaf"]}}
            await task.signal("ntro_repaired", told)
            await task.signal("ntro_repaired", {"number": 2})
            assert await task.state() == before
            await task.signal("unheard_of", None)
            await task.approve(gate)
            child = task.child("work:leaf")
            await child.approve(await child.gate())
            assert await task.result() == ["late", "unheard_of"]
            described = await child.handle.describe()
            assert described.workflow_type == "LeafWorkflow"
            assert (await described.memo())["ntro_lock"] == {**other, **told["lock"]}

    asyncio.run(go())


def test_cancelling_the_parent_cancels_its_children(temporal_address: str) -> None:
    async def work(task: Task) -> None:
        child = task.child("work:leaf")
        await child.gate()
        await task.handle.cancel()
        assert (await child.failure())[0] == "CancelledError"
        assert (await task.failure())[0] == "CancelledError"

    on(temporal_address, "one", work)


def test_documents_are_collected_by_children(temporal_address: str) -> None:
    async def work(task: Task) -> None:
        gate = await task.gate("Both")
        assert [(slot["source"], slot["status"]) for slot in gate["slots"]] == [("tb", "pending"), ("rr", "pending")]
        entry = gate["action"]["display_hint"]["config"]["expected"][1]
        assert entry["title"] == "Rent roll"
        assert entry["args"] == {
            "source": "rr",
            "schema_slug": None,
            "signal_task_id": f"{task.id}:work:document-ingest:rr",
            "signal_name": "document_submitted",
        }
        await task.submit(gate, "tb")
        assert await refusal(task.submit(gate, "tb")) == ("GATE_NOT_OPEN", '"tb" was submitted already.')
        await task.reported(lambda report: any(child["status"] == "completed" for child in report["children"]))
        shown = (await task.state())["gates"][0]
        assert [slot["status"] for slot in shown["slots"]] == ["completed", "pending"]
        child = task.child("work:document-ingest:rr")
        await child.submit(await child.gate(), "rr")
        assert await task.result() == ["doc-tb", "doc-rr"]

    on(temporal_address, "collect", work)


def test_of_documents_that_fail_the_others_are_still_collected(temporal_address: str) -> None:
    async def work(task: Task) -> None:
        gate = await task.gate("Both")
        child = task.child("work:document-ingest:tb")
        # The gate may be there before the child that was asked for with it.
        await child.reported(lambda _: True)
        await child.signal("document_submitted", {**document("tb"), "filename": "broken"})
        await task.reported(lambda report: any(child["status"] == "failed" for child in report["children"]))
        shown = (await task.state())["gates"][0]
        assert shown["token"] == gate["token"]
        assert [slot["status"] for slot in shown["slots"]] == ["failed", "pending"]
        await task.submit(gate, "rr")
        assert await task.failure() == ("Broken", "It is broken.")
        assert (await task.child("work:document-ingest:rr").result())["ref"] == "doc-rr"

    on(temporal_address, "collect", work)
