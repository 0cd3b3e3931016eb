"""
Defects of ntro 0.1.2, ``workflow/task.py``: for two entities of a demonstration invented numbers are given out as the
previous task's; for all others its output is empty, so that checks against the previous period never work; the request
carries no key, and every error is silently "there is none".

Instead: the server's completed tasks are asked for with the host's read-only key, and the task's own result is the
handle's output. A server or database that does not answer is an error, retried by Temporal: to go on with "there is
none" would be a lie. Models and names are as published.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote

import httpx
import ntro.workflow.task as sdk
from ntro.capabilities import config
from ntro.workflow.task import PreviousTaskHandle
from pydantic import BaseModel, Field
from temporalio import activity
from temporalio.exceptions import ApplicationError

from .data_plane import get_data_plane
from .published import replace

PAGE = 500
"""Tasks asked for at once; the server gives no more."""
TIMEOUT_S = 10.0

_DOCUMENT = """
select payload from ingest.extracted_payloads
 where source = $2 and split_part(task_id, ':', 1) = $1
 order by task_id = $1 desc, ctid desc limit 1"""
"""
A document that a child of the task committed (`<task>:<step>:<slug>`) counts as well. The table has no time; the last
place in it is the last one written.
"""


def apply() -> None:
    """Replaces both activities where the SDK's workflow functions look them up."""
    replace("load_previous_task_activity", load_previous_task, sdk)
    replace("find_committed_document_activity", find_committed_document, sdk)


class _Task(BaseModel):
    """What is needed of a task in the server's answers."""

    id: str
    status: str
    slug: str = Field(alias="runbookSlug")
    updated_at: str = Field(alias="updatedAt")
    context: dict[str, Any] = {}

    @property
    def period(self) -> str | None:
        period = self.context.get("period")
        return period if isinstance(period, str) else None


@activity.defn(name="load_previous_task")
async def load_previous_task(payload: sdk._LoadPreviousTaskInput) -> sdk._LoadPreviousTaskOutput:
    """
    The completed task of this runbook and entity (id or slug) with the latest period before ``before_period``; of
    several the one that changed last, and a task without a period after all that have one. Without ``before_period``
    simply the one that changed last. Its output is what the runbook returned.

    :raises ApplicationError: ``WorkspaceUnavailable``, retried
    """
    async with httpx.AsyncClient(headers=_key(), timeout=TIMEOUT_S, trust_env=False) as client:
        url = f"{_server()}/tenants/{_tenant()}/entities/{_quoted(payload.entity_id)}/tasks?limit={PAGE}"
        found: list[_Task] = []
        async for task in _tasks(client, url):
            if task.status == "COMPLETED" and task.slug == payload.workflow_slug:
                found.append(task)
        chosen = _choose(found, payload.before_period)
        if chosen is None:
            return sdk._LoadPreviousTaskOutput(handle=None)
        answer = _json(await _get(client, f"{_server()}/tasks/{chosen.id}"))
    result = answer.get("result") if isinstance(answer, dict) else None
    handle = PreviousTaskHandle(
        task_id=chosen.id, period=chosen.period, output=result if isinstance(result, dict) else {}
    )
    return sdk._LoadPreviousTaskOutput(handle=handle)


@activity.defn(name="find_committed_document")
async def find_committed_document(payload: sdk._FetchCommittedDocumentInput) -> sdk._FetchCommittedDocumentOutput:
    """
    What that task, or a child of it, committed to ``ingest.extracted_payloads`` from this source; the last one of
    several.

    :raises ApplicationError: ``WorkspaceUnavailable``, retried; errors of the database pass
    """
    previous = await load_previous_task(
        sdk._LoadPreviousTaskInput(
            workflow_slug=payload.workflow_slug, entity_id=payload.entity_id, before_period=payload.before_period
        )
    )
    if previous.handle is None:
        return sdk._FetchCommittedDocumentOutput(payload=None)
    db = await get_data_plane(config.get().tenant_slug)
    row = await db.fetchrow(_DOCUMENT, previous.handle.task_id, payload.source)
    document = row["payload"] if row is not None else None
    if isinstance(document, str):
        document = json.loads(document)
    return sdk._FetchCommittedDocumentOutput(payload=document if isinstance(document, dict) else None)


def _choose(tasks: list[_Task], before: str | None) -> _Task | None:
    if before is None:
        return max(tasks, key=lambda task: task.updated_at, default=None)
    end = _month(before)
    earlier = [task for task in tasks if task.period is None or _month(task.period) < end]
    return max(earlier, key=lambda task: (_month(task.period or ""), task.updated_at), default=None)


def _month(period: str) -> str:
    """A quarter as its last month, so that periods of both kinds can be compared."""
    quarter = re.fullmatch(r"(\d{4})-?Q([1-4])", period)
    return f"{quarter[1]}-{int(quarter[2]) * 3:02d}" if quarter else period


async def _tasks(client: httpx.AsyncClient, url: str) -> AsyncIterator[_Task]:
    """All pages; none for an entity that the tenant does not have."""
    following: httpx.URL | None = httpx.URL(url)
    while following is not None:
        response = await _get(client, following)
        if response.status_code == 404:
            return
        items = _json(response)
        if not isinstance(items, list):
            raise _unavailable("its answer is no list of tasks")
        for item in items:
            yield _Task.model_validate(item)
        link = response.links.get("next", {}).get("url")
        following = response.url.join(link) if link else None


async def _get(client: httpx.AsyncClient, url: str | httpx.URL) -> httpx.Response:
    """An answer below 400, or 404."""
    try:
        response = await client.get(url)
    except httpx.TransportError as error:
        raise _unavailable(f"{type(error).__name__} {error}".strip()) from None
    if response.is_error and response.status_code != 404:
        raise _unavailable(f"HTTP {response.status_code} {response.text[:200]}")
    return response


def _json(response: httpx.Response) -> object:
    try:
        return response.json()
    except ValueError:
        raise _unavailable(f"its answer to {response.url.path} is no JSON") from None


def _unavailable(reason: str) -> ApplicationError:
    return ApplicationError(f"The server cannot say what the previous task was: {reason}", type="WorkspaceUnavailable")


def _server() -> str:
    return f"{config.get().workspace_api_url.rstrip('/')}/workspace"


def _tenant() -> str:
    cfg = config.get()
    return _quoted(cfg.tenant_id or cfg.tenant_slug)


def _quoted(segment: str) -> str:
    return quote(segment, safe="")


def _key() -> dict[str, str]:
    key = os.environ.get("NTRO_API_KEY")
    return {"authorization": f"Bearer {key}"} if key else {}
