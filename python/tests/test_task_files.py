"""Files and rows that are submitted."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import Any

from ntro.workflow import NtroWorkflow, runbook
from pydantic import BaseModel, ConfigDict
from task_support import AT, REVIEWER, Task, document, refusal, trial

Json = dict[str, Any]


class Document(BaseModel):
    """The published form, and nothing else."""

    model_config = ConfigDict(extra="forbid")

    document_ref: str
    tenant_slug: str
    entity_slug: str
    source: str
    filename: str
    content_type: str


@runbook.defn
class OneFile(NtroWorkflow):
    """A file, asked for until it is not empty; then two files in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.lease: Document | None = None
        self.others: dict[str, Json] = {}
        self.rows: list[Json] = []

    @runbook.signal
    def lease_submitted(self, payload: Document) -> None:
        """Takes the lease."""
        if payload.filename == "broken":
            raise ValueError("It cannot be read.")
        if payload.filename == "empty":
            self.set_user_feedback(kind="ingest", level="error", payload={"message": "It is empty."})
            return
        self.lease = payload

    @runbook.signal
    async def document_submitted(self, payload: Json) -> None:
        """Takes the others."""
        self.others[payload["source"]] = payload

    @runbook.signal
    def data_submitted(self, payload: Json) -> None:
        """Takes rows."""
        self.rows.append(payload["data"])

    @runbook.step(name="lease", title="Lease")
    async def _lease(self) -> None:
        action = {
            "kind": "submit_file",
            "reason": "The lease",
            "tool": "ntro_task_file_ingest",
            "args": {"source": "lease", "signal_name": "lease_submitted"},
        }
        hint = {"component": "FILE_UPLOAD", "config": {"accept": ["application/pdf"], "max_size_mb": 5}}
        await self.await_signal_with_action(
            predicate=lambda: self.lease is not None, action=action, display_hint=hint, timeout=timedelta(days=30)
        )

    @runbook.step(name="others", title="Others")
    async def _others(self) -> None:
        expected = [{"source": "tb", "accept": ["xlsx"]}, {"source": "rr"}]
        action = {
            "kind": "submit_files",
            "display_hint": {"component": "MULTI_FILE_UPLOAD", "config": {"expected": expected}},
        }
        await self.await_signal_with_action(predicate=lambda: len(self.others) == 2, action=action)

    @runbook.run
    async def run(self, ctx: Json) -> Json:
        """What came."""
        await self._lease()
        await self._others()
        assert self.lease is not None
        return {"lease": self.lease.document_ref, "others": sorted(self.others), "rows": self.rows}


@runbook.defn
class Impatient(NtroWorkflow):
    """Waits a moment only."""

    @runbook.run
    async def run(self, ctx: Json) -> str:
        """Whether it came."""
        try:
            await self.await_signal_with_action(
                predicate=lambda: False,
                action={"kind": "submit_file", "reason": "Soon", "args": {"source": "x"}},
                timeout=timedelta(milliseconds=200),
            )
        except TimeoutError:
            if ctx.get("raise"):
                raise
            return "late"
        return "in time"


def on(
    address: str, workflow: type, work: Callable[[Task], Coroutine[Any, Any, None]], argument: Json | None = None
) -> None:
    async def go() -> None:
        async with trial(address, (OneFile, Impatient)) as running:
            await work(await running.start(workflow, argument))

    asyncio.run(go())


def test_a_file_reaches_the_handler_that_asks_for_it_once(temporal_address: str) -> None:
    async def work(task: Task) -> None:
        lease = await task.gate("The lease")
        assert lease["slots"] == [{"source": "lease", "accept": ["pdf"], "max_size_mb": 5, "status": "pending"}]
        assert lease["due_at"] > lease["opened_at"] and not lease["reason_required"]
        assert (await refusal(task.submit(lease, "tb")))[0] == "GATE_NOT_OPEN"
        assert (await refusal(task.approve(lease)))[0] == "GATE_NOT_OPEN"
        assert await refusal(task.submit(lease, "lease", filename="broken")) == (
            "REQUEST_INVALID",
            "It cannot be read.",
        )
        await task.submit(lease, "lease", filename="empty")
        again = (await task.state())["gates"][0]
        feedback = {"kind": "ingest", "level": "error", "payload": {"message": "It is empty."}}
        assert again["token"] == lease["token"] and again["slots"][0]["status"] == "pending"
        assert again["action"]["feedback"] == again["action"]["display_hint"]["config"]["feedback"] == feedback
        assert (await task.state())["feedback"] == feedback
        await task.submit(lease, "lease")
        assert (await refusal(task.submit(lease, "lease")))[0] == "GATE_NOT_OPEN"
        others = await task.gate("Others")
        await task.submit(others, "rr")
        assert (await refusal(task.submit(others, "rr"))) == ("GATE_NOT_OPEN", '"rr" was submitted already.')
        half = await task.reported(lambda report: any(gate.get("sources") == ["tb"] for gate in report["gates"]))
        assert half["gates"][0]["component"] == "MULTI_FILE_UPLOAD"
        shown = (await task.state())["gates"][0]
        assert [slot["status"] for slot in shown["slots"]] == ["pending", "completed"]
        assert [entry["status"] for entry in shown["action"]["display_hint"]["config"]["expected"]] == [
            "pending",
            "completed",
        ]
        await task.signal("document_submitted", {**document("tb"), "gate": "another"})
        await task.signal("document_submitted", document("tb"))
        assert await task.result() == {"lease": "doc-lease", "others": ["rr", "tb"], "rows": []}
        snapshots = await task.query("step_snapshots")
        assert snapshots["lease"]["payload"] == {
            "args": {"source": "lease", "signal_name": "lease_submitted"},
            "reason": "The lease",
        }

    on(temporal_address, OneFile, work)


def test_a_signal_that_an_author_refuses_ends_nothing(temporal_address: str) -> None:
    async def work(task: Task) -> None:
        lease = await task.gate("The lease")
        published = {key: document("lease")[key] for key in Document.model_fields}
        await task.signal("lease_submitted", {**published, "filename": "broken"})
        assert (await task.state())["gates"][0]["token"] == lease["token"]
        await task.signal("lease_submitted", published)
        await task.gate("Others")

    on(temporal_address, OneFile, work)


def test_rows_reach_the_handler_of_data(temporal_address: str) -> None:
    async def work(task: Task) -> None:
        await task.gate("The lease")
        names = {"kind": None, "tenant_slug": "t", "entity_slug": "e", "source_ref": None, "received_at": AT}
        records = [{**names, "event_id": str(number), "data": {"n": number}} for number in (1, 2)]
        assert await task.update("ntro_ingest", {"records": records, "actedBy": REVIEWER, "at": AT}) == {
            "accepted": True
        }
        await task.submit(await task.gate("The lease"), "lease")
        others = await task.gate("Others")
        await asyncio.gather(task.submit(others, "rr"), task.submit(others, "tb"))
        assert (await task.result())["rows"] == [{"n": 1}, {"n": 2}]

    on(temporal_address, OneFile, work)


def test_a_wait_that_takes_too_long_is_over(temporal_address: str) -> None:
    async def caught(task: Task) -> None:
        assert await task.result() == "late"
        assert task.reports[-1]["closing"] == "completed" and task.reports[-1]["gates"] == []

    async def raised(task: Task) -> None:
        assert (await task.failure())[0] == "TimeoutError"
        assert task.reports[-1]["closing"] == "failed"

    on(temporal_address, Impatient, caught)
    on(temporal_address, Impatient, raised, {"raise": True})
