"""Decisions at gates."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from ntro.workflow import NtroWorkflow, runbook
from task_support import Task, refusal, trial
from temporalio.client import WorkflowFailureError

Json = dict[str, Any]
LINES = [{"id": "a", "amount": "10.00", "note": None}, {"id": "b", "amount": "20.00", "note": "x"}]
HINT = {
    "component": "DATA_TABLE",
    "config": {
        "title": "Lines",
        "datasets": [
            {
                "key": "lines",
                "label": "Lines",
                "data_key": "lines",
                "columns": [{"key": "amount", "editable": True}, {"key": "note", "editable": True}, {"key": "side"}],
            }
        ],
    },
}


@runbook.defn
class ReviewTwice(NtroWorkflow):
    """A review of lines, then a confirmation."""

    @runbook.step(name="review", title="Review", icon="Eye")
    async def _review(self, payload: Json) -> Json:
        return await self.wait_for_action(payload=payload, display_hint=HINT)

    @runbook.step(name="confirm", title="Confirm it")
    async def _confirm(self) -> Json:
        return await self.wait_for_action(reason="Post now?")

    @runbook.run
    async def run(self, ctx: Json) -> Json:
        """Both answers."""
        first = await self._review({"lines": [dict(line) for line in LINES]})
        return {"first": first, "second": await self._confirm()}


@runbook.defn
class OwnHook(NtroWorkflow):
    """Applies row actions by itself."""

    def on_row_action(self, action: Json) -> None:
        """Normalises amounts, refuses 9999, takes rejected rows out."""
        change = action["payload"]
        rows = self._pending_payload["lines"]
        if change["action"] == "reject_row":
            self._pending_payload["lines"] = [row for row in rows if row["id"] != change["row_id"]]
            return
        row = next(row for row in rows if row["id"] == change["row_id"])
        row[change["field"]] = change["value"]
        if change["value"] == "9999":
            raise ValueError("9999 is closed.")
        row[change["field"]] = f"{change['value']}.00"

    @runbook.run
    async def run(self, ctx: Json) -> Json:
        """The answer, and the author's own payload at the end."""
        payload = {"lines": [dict(line) for line in LINES]}
        answer = await self.wait_for_action(payload=payload, display_hint=HINT)
        return {"answer": answer, "payload": payload}


@runbook.defn
class Expenses(NtroWorkflow):
    """Reviews expenses as the published bundles do: what the hook hears of a rejection never reaches the ledger."""

    def on_row_action(self, action: Json) -> None:
        """Shows a rejected row as rejected."""
        for row in self._pending_payload["line_items"]:
            if row["id"] == action["payload"]["row_id"]:
                row["status"] = "REJECTED"

    @runbook.run
    async def run(self, ctx: Json) -> list[str]:
        """The statuses at the end."""
        rows = [{"id": status.lower(), "status": status} for status in ("PENDING", "NEEDS_ATTENTION", "odd")]
        config = {"row_type": "ExpenseRow", "datasets": [{"key": "line_items", "columns": [{"key": "vendor"}]}]}
        hint = {"component": "DATA_TABLE", "config": config}
        await self.wait_for_action(payload={"line_items": rows}, display_hint=hint, reason="Expenses")
        return [row["status"] for row in rows]


@runbook.defn
class AtOnce(NtroWorkflow):
    """Two reviews at the same time."""

    @runbook.step(name="together", title="Together")
    async def _both(self) -> list[Json]:
        return list(await asyncio.gather(self.wait_for_action(reason="First"), self.wait_for_action(reason="Second")))

    @runbook.run
    async def run(self, ctx: Json) -> list[str]:
        """What was decided."""
        return [answer["type"] for answer in await self._both()]


@runbook.defn
class ByHand(NtroWorkflow):
    """Opens its gates itself, with the old attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.doc: Json | None = None

    @runbook.signal
    def tb_submitted(self, payload: Json | None = None) -> None:
        """Takes a file."""
        self.doc = payload

    @runbook.run
    async def run(self, ctx: Json) -> Json:
        """The answers."""
        self._current_step_id = "upload_it"
        self._pending_action = {
            "kind": "submit_file",
            "reason": "Upload",
            "args": {"source": "tb", "signal_name": "tb_submitted"},
        }
        await runbook.wait_condition(lambda: self.doc is not None)
        self._pending_action = None
        self._steps_completed.append("upload_it")
        self._current_step_id = "decide"
        self._pending_payload = {"total": 5}
        self._pending_action = {"kind": "interactive_review", "reason": "Fine?"}
        await runbook.wait_condition(lambda: self._received_user_action is not None)
        answer = self._received_user_action
        self._received_user_action = None
        self._pending_action = None
        assert self.doc is not None and answer is not None
        return {"ref": self.doc["document_ref"], "type": answer["type"]}


@runbook.defn
class OwnUserAction(NtroWorkflow):
    """Overrides the published handler."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[Json] = []

    @runbook.signal
    def user_action(self, action: Json) -> None:
        """Keeps all actions, refuses one."""
        if action.get("reason") == "no":
            raise ValueError("Say more.")
        self.seen.append(action)
        super().user_action(action)

    @runbook.run
    async def run(self, ctx: Json) -> list[Any]:
        """What came."""
        await self.wait_for_action(reason="Only")
        return [action.get("kind") for action in self.seen]


ALL = (ReviewTwice, OwnHook, Expenses, AtOnce, ByHand, OwnUserAction)


def on(address: str, workflow: type, work: Callable[[Task], Coroutine[Any, Any, None]]) -> None:
    """Runs one task of a workflow and ends it afterwards."""

    async def go() -> None:
        async with trial(address, ALL) as running:
            task = await running.start(workflow)
            await work(task)

    asyncio.run(go())


def test_an_approval_goes_on_and_no_token_is_good_twice(temporal_address: str) -> None:
    async def work(task: Task) -> None:
        gate = await task.gate("Lines")
        assert gate["kind"] == "interactive_review" and gate["reason_required"] and gate["step_id"] == "review"
        assert gate["action"]["step_id"] == "review"
        assert await task.approve(gate) == {"accepted": True}
        confirm = await task.gate("Post now?")
        assert (await refusal(task.approve(gate)))[0] == "GATE_NOT_OPEN"
        assert (await refusal(task.reject(gate, "late")))[0] == "GATE_NOT_OPEN"
        assert [open_["token"] for open_ in (await task.state())["gates"]] == [confirm["token"]]
        assert (await refusal(task.reject(confirm, " ")))[0] == "REASON_REQUIRED"
        await task.reject(confirm, "Not now.")
        result = await task.result()
        second = result["second"]
        assert {key: second[key] for key in ("type", "kind", "action", "reason", "comments")} == {
            "type": "rejected",
            "kind": "reject",
            "action": "reject",
            "reason": "Not now.",
            "comments": "Not now.",
        }
        steps = task.reports[-1]
        assert steps["closing"] == "completed" and steps["gates"] == []
        assert [step["status"] for step in steps["steps"]] == ["completed", "completed"]
        assert await task.query("current_steps") == [
            {"id": "review", "title": "Review", "status": "completed", "icon": "Eye"},
            {"id": "confirm", "title": "Confirm it", "status": "completed"},
        ]

    on(temporal_address, ReviewTwice, work)


def test_of_answers_at_once_exactly_one_wins(temporal_address: str) -> None:
    async def work(task: Task) -> None:
        gate = await task.gate("Lines")
        tries = [refusal(task.approve(gate)), refusal(task.reject(gate, "No.")), refusal(task.approve(gate))]
        answers = await asyncio.gather(*tries)
        assert sorted(kind for kind, _ in answers) == ["", "GATE_NOT_OPEN", "GATE_NOT_OPEN"]

    on(temporal_address, ReviewTwice, work)


def test_rows_are_kept_by_the_host_and_handed_over(temporal_address: str) -> None:
    async def work(task: Task) -> None:
        gate = await task.gate("Lines")
        await task.row(gate, "edit_cell", "a", field="amount", value="11.00", old_value="10.00")
        await task.row(gate, "reject_row", "a")
        await task.row(gate, "reject_row", "b")
        await task.row(gate, "restore_row", "a")
        shown = (await task.state())["gates"][0]
        assert shown["action"]["payload"]["lines"][0]["amount"] == "11.00"
        assert (await task.query("current_ui_state"))["pending_payload"]["lines"][0]["amount"] == "11.00"
        assert shown["edits"][0] == {
            "row_id": "a",
            "field": "amount",
            "old_value": "10.00",
            "new_value": "11.00",
            "by": "Robin Reviewer",
            "at": "2026-04-03T08:00:00.000Z",
        }
        assert shown["rejected_rows"] == ["b"]
        for change in (
            {"action": "edit_cell", "row_id": "a", "field": "amount", "value": "1", "old_value": "10.00"},
            {"action": "edit_cell", "row_id": "a", "field": "side", "value": "debit"},
            {"action": "reject_row", "row_id": "z"},
        ):
            assert (await refusal(task.row(gate, **change)))[0] == "CORRECTION_REFUSED"
        stale = [{"row_id": "a", "field": "amount", "old_value": "10.00", "new_value": "5"}]
        kind, why = await refusal(task.approve(gate, stale))
        assert kind == "CORRECTION_REFUSED" and 'is "11.00" by now' in why
        await task.approve(gate, [{"row_id": "b", "field": "note", "old_value": "x", "new_value": "y"}])
        await task.approve(await task.gate("Post now?"))
        first = (await task.result())["first"]
        assert [(entry["line_item_id"], entry["field"], entry["new_value"]) for entry in first["corrections"]] == [
            ("a", "amount", "11.00"),
            ("b", "note", "y"),
        ]
        assert first["rejected_rows"] == ["b"]
        snapshots = await task.query("step_snapshots")
        assert snapshots["review"]["payload"]["lines"][0]["amount"] == "11.00"
        assert snapshots["review"]["decision"]["gate"] == gate["token"]

    on(temporal_address, ReviewTwice, work)


def test_an_authors_row_hook_is_asked_at_once(temporal_address: str) -> None:
    async def work(task: Task) -> None:
        gate = await task.gate("Lines")
        await task.row(gate, "edit_cell", "a", field="amount", value="5")
        shown = (await task.state())["gates"][0]
        assert shown["action"]["payload"]["lines"][0]["amount"] == "5.00"
        assert shown["edits"][0]["new_value"] == "5.00"
        kind, why = await refusal(task.row(gate, "edit_cell", "a", field="amount", value="9999"))
        assert (kind, why) == ("CORRECTION_REFUSED", "9999 is closed.")
        assert (await task.state())["gates"][0]["action"]["payload"]["lines"][0]["amount"] == "5.00"
        assert (await refusal(task.row(gate, "restore_row", "b")))[0] == "CORRECTION_REFUSED"
        await task.row(gate, "reject_row", "b")
        await task.signal(
            "user_action",
            {"kind": "row_action", "payload": {"action": "edit_cell", "rowId": "a", "field": "note", "value": "n"}},
        )
        await task.approve(gate)
        result = await task.result()
        assert result["payload"]["lines"] == [{"id": "a", "amount": "5.00", "note": "n.00"}]
        assert result["answer"]["corrections"] == [] and "rejected_rows" not in result["answer"]

    on(temporal_address, OwnHook, work)


def test_an_expense_that_the_ledger_would_keep_cannot_be_rejected_by_itself(temporal_address: str) -> None:
    async def work(task: Task) -> None:
        gate = await task.gate("Expenses")
        kind, why = await refusal(task.row(gate, "reject_row", "pending"))
        assert kind == "CORRECTION_REFUSED" and why.startswith('Line "pending" is PENDING, and of expenses only')
        assert (await task.state())["gates"][0]["rejected_rows"] == []
        await task.row(gate, "reject_row", "needs_attention")
        await task.row(gate, "reject_row", "needs_attention")
        await task.row(gate, "reject_row", "odd")
        await task.approve(gate)
        assert await task.result() == ["PENDING", "REJECTED", "REJECTED"]

    on(temporal_address, Expenses, work)


def test_gates_at_once_are_told_apart(temporal_address: str) -> None:
    async def work(task: Task) -> None:
        report = await task.reported(lambda report: len(report["gates"]) == 2)
        first, second = report["gates"]
        assert (first["title"], second["title"]) == ("First", "Second")
        await task.signal("user_action", {"type": "approved"})
        await task.reject(second, "No.")
        assert [gate["title"] for gate in (await task.state())["gates"]] == ["First"]
        await task.signal("user_action", {"kind": "approve"})
        assert await task.result() == ["approved", "rejected"]

    on(temporal_address, AtOnce, work)


def test_signals_that_come_early_late_or_unclear_answer_nothing(temporal_address: str) -> None:
    async def work(task: Task) -> None:
        gate = await task.gate("Lines")
        for unclear in ({}, {"kind": "approve", "type": "rejected"}, {"type": "approved", "corrections": 1}):
            await task.signal("user_action", unclear)
        await task.signal("user_action", {"type": "approved", "gate": "another"})
        await task.signal("user_action", "approve")
        assert [open_["token"] for open_ in (await task.state())["gates"]] == [gate["token"]]
        await task.signal("user_action", {"type": "approved"})
        confirm = await task.gate("Post now?")
        await task.signal("user_action", {"type": "approved", "gate": gate["token"]})
        assert [open_["token"] for open_ in (await task.state())["gates"]] == [confirm["token"]]
        await task.signal("user_action", {"action": "reject"})
        result = await task.result()
        assert result["first"]["kind"] == "approve"
        assert result["first"]["actedBy"] == {"id": "signal", "name": "Signal", "via": "system"}
        assert result["second"]["kind"] == "reject" and result["second"]["reason"] == "Rejected by signal"

    on(temporal_address, ReviewTwice, work)


def test_gates_that_an_author_opens_by_hand_have_tokens_too(temporal_address: str) -> None:
    async def work(task: Task) -> None:
        upload = await task.gate("Upload")
        assert upload["slots"][0]["source"] == "tb" and upload["step_id"] == "upload_it"
        await task.submit(upload, "tb")
        review = await task.gate("Fine?")
        assert review["action"]["payload"] == {"total": 5}
        assert [(step["id"], step["title"], step["status"]) for step in (await task.state())["steps"]] == [
            ("upload_it", "Upload it", "completed"),
            ("decide", "Decide", "active"),
        ]
        assert await task.query("current_steps") == []
        assert (await refusal(task.submit(upload, "tb")))[0] == "GATE_NOT_OPEN"
        await task.approve(review)
        assert await task.result() == {"ref": "doc-tb", "type": "approved"}

    on(temporal_address, ByHand, work)


def test_an_overridden_handler_gets_the_superset_and_may_refuse(temporal_address: str) -> None:
    async def work(task: Task) -> None:
        gate = await task.gate("Only")
        await task.signal("user_action", {"kind": "look_again"})
        assert await refusal(task.reject(gate, "no")) == ("REQUEST_INVALID", "Say more.")
        assert (await task.state())["gates"][0]["token"] == gate["token"]
        await task.approve(gate)
        assert await task.result() == ["look_again", "approve"]

    on(temporal_address, OwnUserAction, work)


def test_updates_of_another_form_are_refused(temporal_address: str) -> None:
    async def work(task: Task) -> None:
        gate = await task.gate("Lines")
        for name in ("ntro_decide", "ntro_submit", "ntro_row_action", "ntro_ingest"):
            for argument in (None, "approve", {}, {"gate": gate["token"], "type": "maybe"}):
                assert (await refusal(task.update(name, argument)))[0] == "REQUEST_INVALID"
        assert (await refusal(task.submit(gate, "tb")))[0] == "GATE_NOT_OPEN"
        record = {"event_id": "1", "kind": None, "tenant_slug": "t", "entity_slug": "e", "source_ref": None, "data": {}}
        ingest = {"records": [{**record, "received_at": "now"}], "actedBy": {"id": "u", "name": "U"}, "at": "now"}
        assert (await refusal(task.update("ntro_ingest", ingest)))[0] == "DATA_NOT_TAKEN"

    on(temporal_address, ReviewTwice, work)


def test_cancelling_at_a_gate_fails_the_step_in_the_last_report(temporal_address: str) -> None:
    async def work(task: Task) -> None:
        await task.gate("Lines")
        await task.handle.cancel()
        try:
            await task.result()
        except WorkflowFailureError as error:
            assert type(error.cause).__name__ == "CancelledError"
        last = await task.reported(lambda report: report["closing"] is not None)
        assert last["closing"] == "failed" and last["gates"] == []
        assert [step["status"] for step in last["steps"]] == ["failed", "pending"]

    on(temporal_address, ReviewTwice, work)
