"""Collect claims, record them, have them reviewed, settle them in the ledger."""

from datetime import timedelta
from typing import Any, Literal
from uuid import UUID

from ntro.workflow import IngestOutcome, NtroWorkflow, WorkflowError, runbook

from .activities import read_file, record, settle
from .models import (
    ClaimsContext,
    ClaimsResult,
    FileRequest,
    LedgerScope,
    LedgerTotals,
    NotRead,
    OpenClaims,
    Received,
    RecordRequest,
    Settlement,
    Submission,
    SubmittedRecord,
)
from .review import ClaimsTable, display_hint

Level = Literal["info", "warning", "error"]

_STATUS: dict[Level, Literal["success", "partial", "failed"]] = {
    "info": "success",
    "warning": "partial",
    "error": "failed",
}
_KIND = "expense"
_ACTIVITY_TIMEOUT = timedelta(minutes=2)


@runbook.defn
class ExpenseClaimsWorkflow(NtroWorkflow):
    """A month's expense claims, from data or a file to totals in the ledger."""

    def __init__(self) -> None:
        super().__init__()
        self._files: list[Submission] = []
        self._received: list[Received] = []
        self._table: ClaimsTable | None = None

    @runbook.signal
    def document_submitted(self, submission: Submission) -> None:
        """A file with claims has arrived."""
        self._files.append(submission)

    @runbook.signal
    def data_submitted(self, record: SubmittedRecord) -> None:
        """A claim has arrived as data, at any time; what is of another kind is said and left out."""
        if record.kind != _KIND:
            self._tell("warning", f"Data of the kind {record.kind} is left out; claims are of the kind {_KIND}.")
            return
        self._received.append(Received(source_ref=f"event:{record.event_id}", data=record.data))

    @runbook.run
    async def run(self, ctx: ClaimsContext) -> ClaimsResult:
        """Goes round again for claims that arrive during a review. A rejection of the whole ends the task."""
        scope = LedgerScope(
            tenant_slug=ctx.tenant_slug,
            entity_id=ctx.entity_id,
            task_id=UUID(runbook.info().workflow_id.split(":")[0]),
            period=ctx.period,
        )
        while True:
            received = await self._collect(ctx)
            claims = await self._record(ctx, scope, received)
            decision = await self._review(ctx, claims)
            ledger = await self._settle(scope, decision)
            if not self._received:
                return ClaimsResult(**ledger.model_dump(), period=ctx.period, approved_by=_actor(decision))

    @runbook.step(name="collect", title="Collect claims", icon="Inbox")
    async def _collect(self, ctx: ClaimsContext) -> list[Received]:
        while not self._received:
            await self._await_claims(ctx)
            while self._files:
                submission = self._files.pop(0)
                read = await runbook.execute_activity(
                    read_file,
                    FileRequest(tenant_slug=ctx.tenant_slug, submission=submission),
                    start_to_close_timeout=_ACTIVITY_TIMEOUT,
                )
                if isinstance(read, NotRead):
                    self._tell("error", f"{submission.filename} cannot be used: {read.problem}")
                else:
                    self._received.extend(read.rows)
        received, self._received = self._received, []
        return received

    async def _await_claims(self, ctx: ClaimsContext) -> None:
        title = f"Expense claims of {ctx.period}"
        await self.await_signal_with_action(
            predicate=lambda: bool(self._files or self._received),
            action={
                "kind": "submit_file",
                "reason": title,
                "tool": "ntro_task_file_ingest",
                "args": {
                    "source": "expense-claims",
                    "expected_kind": _KIND,
                    "tenant_id_or_slug": ctx.tenant_slug,
                    "entity_id_or_slug": ctx.entity_slug,
                    "signal_task_id": runbook.info().workflow_id,
                    "signal_name": "document_submitted",
                },
            },
            display_hint={
                "component": "FILE_UPLOAD",
                "config": {
                    "title": title,
                    "instructions": f"A .csv file, or rows of the kind {_KIND} as data.",
                    "accept": ["text/csv"],
                    "max_size_mb": 5,
                    "multiple": False,
                },
            },
        )

    @runbook.step(name="record", title="Record", icon="BookPlus")
    async def _record(self, ctx: ClaimsContext, scope: LedgerScope, received: list[Received]) -> OpenClaims:
        claims: OpenClaims = await runbook.execute_activity(
            record,
            RecordRequest(scope=scope, currency=ctx.currency, received=received),
            start_to_close_timeout=_ACTIVITY_TIMEOUT,
        )
        return claims

    @runbook.step(name="review", title="Review", icon="Eye")
    async def _review(self, ctx: ClaimsContext, claims: OpenClaims) -> dict[str, Any]:
        table = self._table = ClaimsTable(claims.rows)
        self._tell_unsettled(table, "warning")
        while True:
            decision: dict[str, Any] = await self.wait_for_action(
                payload={"rows": table.rows}, display_hint=display_hint(f"Expense claims of {ctx.period}")
            )
            for correction in decision.get("corrections") or []:
                table.edit(str(correction["line_item_id"]), str(correction["field"]), correction["new_value"])
            if _rejected(decision) or not table.unsettled:
                return decision
            self._tell_unsettled(table, "error")

    @runbook.step(name="settle", title="Settle", icon="BookCheck")
    async def _settle(self, scope: LedgerScope, decision: dict[str, Any]) -> LedgerTotals:
        table, self._table = self._table or ClaimsTable([]), None
        rejects_all = _rejected(decision)
        rejected = table.rows if rejects_all else table.having("REJECTED")
        ledger: LedgerTotals = await runbook.execute_activity(
            settle,
            Settlement(
                scope=scope,
                corrected=[] if rejects_all else table.corrected(),
                approved=[] if rejects_all else [UUID(row["id"]) for row in table.having("PENDING")],
                rejected=[UUID(row["id"]) for row in rejected],
            ),
            start_to_close_timeout=_ACTIVITY_TIMEOUT,
        )
        if rejects_all:
            reason = decision.get("reason") or "no reason was given"
            raise WorkflowError(f"Rejected by {_actor(decision)}: {reason}", type="Rejected", non_retryable=True)
        return ledger

    def on_row_action(self, action: dict[str, Any]) -> None:
        """A claim is changed or rejected while the review is open; the ledger gets that with the decision."""
        change = action.get("payload") or {}
        if self._table is None:
            return
        row_id = str(change.get("row_id"))
        match change.get("action"):
            case "edit_cell":
                self._table.edit(row_id, str(change.get("field")), change.get("value"))
            case "reject_row":
                self._table.reject(row_id)
            case "restore_row":
                self._table.restore(row_id)

    def _tell(self, level: Level, message: str) -> None:
        """Shown at the gate that is open, or the next one."""
        outcome = IngestOutcome(status=_STATUS[level], message=message)
        self.set_user_feedback(kind="ingest", level=level, payload=outcome)

    def _tell_unsettled(self, table: ClaimsTable, level: Level) -> None:
        unsettled = table.unsettled
        if unsettled:
            self._tell(level, f"Correct or reject what needs attention: {', '.join(unsettled)}.")
        else:
            self._tell("info", f"{len(table.rows)} claims, all of them complete.")


def _rejected(decision: dict[str, Any]) -> bool:
    verdict = decision.get("type") or decision.get("kind") or decision.get("action")
    return verdict in ("rejected", "reject")


def _actor(decision: dict[str, Any]) -> str:
    actor = decision.get("actedBy")
    return str(actor.get("name")) if isinstance(actor, dict) else str(actor or "somebody")
