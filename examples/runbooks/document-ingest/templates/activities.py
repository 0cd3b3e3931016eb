"""Everything that touches the world: reads files, asks AI, writes the record."""

import asyncio
import hashlib

from ntro.capabilities import ai
from ntro.data import DataPlane, get_data_plane
from ntro.ingest import SubmittedDocument, fetch_submitted_document_by_id, insert_extracted_document
from ntro.workflow import WorkflowError, activity

from .document import Document, UnknownFormError, UnreadableError
from .extraction import instructions_for, rows_of
from .files import open_document
from .models import CONFIDENCE, CommitRequest, FileFacts, IngestedDocument, NotRead, Reading, ReadRequest
from .review import totals
from .schemas import SCHEMAS

# How often AI is asked before the file counts as not readable.
_AI_ATTEMPTS = 3


async def _fetch(request: ReadRequest) -> SubmittedDocument:
    db = await get_data_plane(request.tenant_slug)
    document = await fetch_submitted_document_by_id(db, document_ref=request.submission.document_ref)
    if document is None:
        raise WorkflowError("The submitted file is not in the database.", type="DocumentMissing", non_retryable=True)
    return document


async def _open(document: SubmittedDocument) -> Document:
    # Parsing computes for seconds at a time: in a thread it does not hold up other activities.
    return await asyncio.to_thread(open_document, document.data_bytes)


@activity.defn(name="document_ingest.read")
async def read(request: ReadRequest) -> Reading | NotRead:
    """Reads a file by code. What cannot be used is an answer and no error, so that another file can be asked for."""
    document = await _fetch(request)
    try:
        opened = await _open(document)
        schema = SCHEMAS.get(request.schema_slug)
        if schema is None:
            raise UnknownFormError(f"There is no reader for {request.schema_slug}.")
        rows, remarks = schema.read(opened)
    except UnknownFormError as error:
        return NotRead(status="unknown_form", problem=str(error))
    except UnreadableError as error:
        return NotRead(status="unusable", problem=str(error))
    return Reading(rows=rows, remarks=remarks, file=_facts(document))


@activity.defn(name="document_ingest.read_with_ai")
async def read_with_ai(request: ReadRequest) -> Reading | NotRead:
    """Has AI read a file whose form no reader knows. After some attempts a failing service is an answer too."""
    ai.use_config(request.ai)
    document = await _fetch(request)
    schema = SCHEMAS.get(request.schema_slug)
    try:
        opened = await _open(document)
        result = await ai.extract(
            content=opened.text,
            schema_slug=request.schema_slug,
            structured_context={"cell_grid": opened.rows} if opened.rows else None,
            instructions=instructions_for(schema),
        )
        rows = rows_of(result, schema)
    except UnreadableError as error:
        return NotRead(status="unusable", problem=str(error))
    except Exception as error:
        # A wrong key, say, stays wrong: the provider's error tells whether another attempt may help.
        if activity.info().attempt < _AI_ATTEMPTS and not getattr(error, "non_retryable", False):
            raise
        return NotRead(status="unusable", problem=f"AI could not read the file: {error}")
    remarks = [result.summary] if result.summary else []
    return Reading(rows=rows, read_by="ai", remarks=remarks, file=_facts(document))


def _facts(document: SubmittedDocument) -> FileFacts:
    content = document.data_bytes
    return FileFacts(size_bytes=len(content), sha256=hashlib.sha256(content).hexdigest())


@activity.defn(name="document_ingest.commit")
async def commit(request: CommitRequest) -> IngestedDocument:
    """Writes the record of a task's source, once: an attempt that was cut off may have written it already."""
    db = await get_data_plane(request.tenant_slug)
    approval = request.approval
    # Confidence was advice to the reviewer; what is committed is approved.
    rows = [{key: value for key, value in row.items() if key != CONFIDENCE.key} for row in approval.rows]
    sums = totals(request.schema_slug, rows)
    record_id = await _recorded(db, request)
    if record_id is None:
        record = await insert_extracted_document(
            db,
            entity_slug=request.entity_slug,
            period=request.period,
            source=request.source,
            document_ref=request.submission.document_ref,
            schema_slug=request.schema_slug,
            payload={
                "rows": rows,
                "totals": sums,
                "read_by": request.read_by,
                "approved_by": approval.approved_by,
            },
            corrections=[correction.model_dump() for correction in approval.corrections],
            task_id=request.task_id,
        )
        record_id = record.id
    return IngestedDocument(
        document_ref=request.submission.document_ref,
        record_id=record_id,
        source=request.source,
        schema_slug=request.schema_slug,
        period=request.period,
        filename=request.submission.filename,
        content_type=request.submission.content_type,
        size_bytes=request.file.size_bytes,
        sha256=request.file.sha256,
        row_count=len(rows),
        correction_count=len(approval.corrections),
        read_by=request.read_by,
        totals=sums,
        approved_by=approval.approved_by,
    )


async def _recorded(db: DataPlane, request: CommitRequest) -> str | None:
    row = await db.fetchrow(
        "select id from ingest.extracted_payloads where task_id = $1 and source = $2 and document_ref = $3",
        request.task_id,
        request.source,
        request.submission.document_ref,
    )
    return None if row is None else str(row["id"])
