"""Await a file, read it, have the rows reviewed, commit them."""

from datetime import timedelta
from typing import Any, Literal

from ntro.workflow import IngestOutcome, NtroWorkflow, WorkflowError, runbook

from .activities import commit, read, read_with_ai
from .document import UnreadableError
from .models import (
    Approval,
    CommitRequest,
    IngestContext,
    IngestedDocument,
    NotRead,
    Reading,
    ReadRequest,
    Submission,
)
from .review import Table, checks_for, columns_for, display_hint, fault_of
from .schemas import SCHEMAS

_FILE_TYPES = [
    "application/pdf",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "text/csv",
]
_MAX_SIZE_MB = 25


@runbook.defn
class DocumentIngestWorkflow(NtroWorkflow):
    """One file in; its rows, reviewed, in the tenant's database out."""

    def __init__(self) -> None:
        super().__init__()
        self._submissions: list[Submission] = []
        self._table: Table | None = None

    @runbook.signal
    def document_submitted(self, submission: Submission) -> None:
        """A file has arrived."""
        self._submissions.append(submission)

    @runbook.run
    async def run(self, ctx: IngestContext) -> IngestedDocument:
        """Asks for files until one can be read. A rejection ends the task and commits nothing."""
        if ctx.schema_slug not in SCHEMAS and not ctx.has_ai:
            raise WorkflowError(
                f"There is no reader for {ctx.schema_slug}, and AI is not configured. Readers are there for "
                f"{', '.join(sorted(SCHEMAS))}.",
                type="SchemaUnknown",
                non_retryable=True,
            )
        self.use_ai_config(ctx.ai)
        while True:
            submission = await self._await_file(ctx)
            reading = await self._read(ctx, submission)
            if isinstance(reading, Reading):
                break
            self._tell("error", f"{submission.filename}: {reading.problem}")
        if reading.remarks:
            self._tell("warning", " ".join(reading.remarks))
        approval = await self._review(ctx, submission, reading)
        committed: IngestedDocument = await self._commit(ctx, submission, reading, approval)
        return committed

    @runbook.step(name="await_file", title="Await file", icon="Upload")
    async def _await_file(self, ctx: IngestContext) -> Submission:
        title = self._title(ctx)
        await self.await_signal_with_action(
            predicate=lambda: bool(self._submissions),
            action={
                "kind": "submit_file",
                "reason": title,
                "tool": "ntro_task_file_ingest",
                "args": {
                    "source": ctx.source,
                    "schema_slug": ctx.schema_slug,
                    "tenant_id_or_slug": ctx.tenant_slug,
                    "entity_id_or_slug": ctx.entity_slug,
                    "signal_task_id": runbook.info().workflow_id,
                    "signal_name": "document_submitted",
                },
            },
            display_hint={
                "component": "FILE_UPLOAD",
                "config": {"title": title, "accept": _FILE_TYPES, "max_size_mb": _MAX_SIZE_MB, "multiple": False},
            },
        )
        return self._submissions.pop(0)

    @runbook.step(name="read", title="Read", icon="ScanText")
    async def _read(self, ctx: IngestContext, submission: Submission) -> Reading | NotRead:
        request = ReadRequest(
            tenant_slug=ctx.tenant_slug, submission=submission, schema_slug=ctx.schema_slug, ai=ctx.ai
        )
        reading: Reading | NotRead = await runbook.execute_activity(
            read, request, start_to_close_timeout=timedelta(minutes=5)
        )
        if isinstance(reading, NotRead) and reading.status == "unknown_form" and ctx.has_ai:
            # A model on this machine may take minutes for a page.
            reading = await runbook.execute_activity(
                read_with_ai, request, start_to_close_timeout=timedelta(minutes=35)
            )
        return reading

    @runbook.step(name="review", title="Review", icon="Eye")
    async def _review(self, ctx: IngestContext, submission: Submission, reading: Reading) -> Approval:
        reader = "AI" if reading.read_by == "ai" else "code"
        columns = columns_for(ctx.schema_slug, reading)
        table = self._table = Table(ctx.schema_slug, columns, reading.rows)
        while True:
            checks, checked = checks_for(ctx.schema_slug, table.rows)
            decision = await self.wait_for_action(
                payload={"rows": table.rows},
                display_hint=display_hint(self._title(ctx), columns, reading),
                reason=f"{submission.filename}: {len(table.rows)} rows, read by {reader}.",
                checks_spec=checks,
                checks_submitted=checked,
            )
            if _rejected(decision):
                raise WorkflowError(
                    f"Rejected by {_actor(decision)}: {decision.get('reason') or 'no reason was given'}",
                    type="Rejected",
                    non_retryable=True,
                )
            problem = _apply(decision, table) or fault_of(ctx.schema_slug, table.rows)
            if problem is None:
                return table.approved_by(_actor(decision))
            self._tell("error", f"{problem} Correct it, or reject the document.")

    @runbook.step(name="commit", title="Commit", icon="DatabaseZap")
    async def _commit(
        self, ctx: IngestContext, submission: Submission, reading: Reading, approval: Approval
    ) -> IngestedDocument:
        request = CommitRequest(
            tenant_slug=ctx.tenant_slug,
            entity_slug=ctx.entity_slug,
            # As a child, this is `<task>:<step>:document-ingest:<source>`; the record belongs to the task.
            task_id=runbook.info().workflow_id.split(":")[0],
            period=ctx.period,
            source=ctx.source,
            schema_slug=ctx.schema_slug,
            submission=submission,
            file=reading.file,
            read_by=reading.read_by,
            approval=approval,
        )
        committed: IngestedDocument = await runbook.execute_activity(
            commit, request, start_to_close_timeout=timedelta(minutes=2)
        )
        return committed

    def on_row_action(self, action: dict[str, Any]) -> None:
        """A cell is changed while the review is open; raising refuses what does not fit, and changes nothing."""
        change = action.get("payload") or {}
        if self._table is None or change.get("action") != "edit_cell":
            raise UnreadableError("Rows are not taken out one by one: correct them, or reject the document.")
        self._table.correct(str(change.get("row_id")), str(change.get("field")), change.get("value"))

    def _tell(self, level: Literal["warning", "error"], message: str) -> None:
        """Shown at the gate that is open, or the next one."""
        outcome = IngestOutcome(status="failed" if level == "error" else "partial", message=message)
        self.set_user_feedback(kind="ingest", level=level, payload=outcome)

    def _title(self, ctx: IngestContext) -> str:
        schema = SCHEMAS.get(ctx.schema_slug)
        return f"{ctx.title or (schema.title if schema else ctx.source)} of {ctx.period}"


def _rejected(decision: dict[str, Any]) -> bool:
    verdict = decision.get("type") or decision.get("kind") or decision.get("action")
    return verdict in ("rejected", "reject")


def _actor(decision: dict[str, Any]) -> str:
    actor = decision.get("actedBy")
    return str(actor.get("name")) if isinstance(actor, dict) else str(actor or "somebody")


def _apply(decision: dict[str, Any], table: Table) -> str | None:
    """Applies the corrections of an approval; says what is wrong with the first that does not fit."""
    try:
        for correction in decision.get("corrections") or []:
            table.correct(str(correction["line_item_id"]), str(correction["field"]), correction["new_value"])
    except UnreadableError as error:
        return str(error)
    return None
