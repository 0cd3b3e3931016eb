"""The previous task, asked of a server of the test and of the tenant's database."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import asyncpg
import pytest
from conftest import SettingUp
from http_stand_in import Answer, Request, StandIn, serving
from ntro.workflow import task as sdk
from published_sdk import published
from temporalio.exceptions import ApplicationError

TENANT = "5f0c5c0e-8a4f-4d0e-9d5c-0d2c1b1f3a10"


def task(id: str, period: str | None, updated: int, slug: str = "nav-monthly", status: str = "COMPLETED") -> object:
    context = {} if period is None else {"period": period}
    at = f"2026-05-{updated:02d}T00:00:00.000Z"
    return {"id": id, "runbookSlug": slug, "status": status, "context": context, "updatedAt": at, "steps": []}


TASKS = [
    task("april", "2026-04", 9),
    task("march-failed", "2026-03", 8, status="FAILED"),
    task("other-runbook", "2026-03", 8, slug="expenses"),
    task("february", "2026-02", 7),
    task("march", "2026-03", 2),
    task("march-again", "2026-03", 3),
    task("open", "2026-03", 9, status="BLOCKED"),
    task("none", None, 6),
]


def server(request: Request) -> Answer:
    """Three tasks to a page, as the real one links them."""
    url = urlsplit(request.path)
    if url.path == f"/v1/workspace/tenants/{TENANT}/entities/spv%2F1/tasks":
        start = int(parse_qs(url.query).get("cursor", ["0"])[0])
        following = {"link": f'<{url.path}?limit=500&cursor={start + 3}>; rel="next"'} if start + 3 < len(TASKS) else {}
        return Answer(TASKS[start : start + 3], headers=following)
    if url.path.startswith("/v1/workspace/tasks/"):
        id = url.path.rpartition("/")[2]
        return Answer({"id": id, "result": ["no object"] if id == "february" else {"rent": id}})
    return Answer({"statusCode": 404, "message": "Not found", "error": "Not Found"}, 404)


@pytest.fixture
def workspace(host_of_acme: SettingUp) -> Iterator[StandIn]:
    with serving(server) as running:
        host_of_acme(NTRO_WORKSPACE_API_URL=f"{running.url}/v1", NTRO_API_KEY="viewer-key")
        yield running


def previous(before: str | None, entity: str = "spv/1", slug: str = "nav-monthly") -> sdk.PreviousTaskHandle | None:
    question = sdk._LoadPreviousTaskInput(workflow_slug=slug, entity_id=entity, before_period=before)
    handle: sdk.PreviousTaskHandle | None = asyncio.run(sdk.load_previous_task_activity(question)).handle
    return handle


@pytest.mark.parametrize(
    ("before", "id"),
    [
        ("2026-04", "march-again"),
        ("2026-03", "february"),
        ("2026-02", "none"),
        ("2027-01", "april"),
        ("2026-Q2", "april"),
        ("2026-Q1", "february"),
        (None, "april"),
    ],
)
def test_takes_the_latest_period_before_and_of_it_the_newest(workspace: StandIn, before: str, id: str) -> None:
    handle = previous(before)
    assert handle is not None
    assert handle.task_id == id


def test_gives_what_the_runbook_returned_and_asks_with_the_key(workspace: StandIn) -> None:
    handle = previous("2026-04")
    assert handle is not None
    assert (handle.period, handle.output, handle.extract(["rent", "no"])) == (
        "2026-03",
        {"rent": "march-again"},
        {"rent": "march-again"},
    )
    assert {request.headers["authorization"] for request in workspace.requests} == {"Bearer viewer-key"}
    assert [urlsplit(request.path).query for request in workspace.requests[:2]] == ["limit=500", "limit=500&cursor=3"]
    february = previous("2026-03")
    assert february is not None
    assert february.output == {}


def test_where_there_is_none_it_says_so(workspace: StandIn) -> None:
    assert previous("2026-04", slug="never-ran") is None
    assert previous("2026-04", entity="unknown") is None
    # This one got invented numbers from the SDK as it was published.
    assert previous("2026-04", entity="4-high-court-limited") is None
    code = """
    from ntro.workflow import task as sdk
    question = sdk._LoadPreviousTaskInput(workflow_slug="nav-monthly", entity_id="4-high-court-limited")
    result = asyncio.run(sdk.load_previous_task_activity(question)).handle.output["rent_received"]
    """
    assert published(code, {"NTRO_WORKSPACE_API_URL": "http://127.0.0.1:1"}) == 14200


@pytest.mark.parametrize("answer", [Answer("down", 503), Answer({"message": "no"}, 401), Answer("<html>"), Answer({})])
def test_a_server_that_cannot_say_is_an_error_that_is_tried_again(host_of_acme: SettingUp, answer: Answer) -> None:
    with serving(lambda _: answer) as broken:
        host_of_acme(NTRO_WORKSPACE_API_URL=f"{broken.url}/v1", NTRO_API_KEY="viewer-key")
        with pytest.raises(ApplicationError) as caught:
            previous("2026-04")
    assert (caught.value.type, caught.value.non_retryable) == ("WorkspaceUnavailable", False)
    assert "viewer-key" not in caught.value.message
    with pytest.raises(ApplicationError, match="ConnectError"):
        previous("2026-04")


def committed(source: str, slug: str = "nav-monthly") -> dict[str, object] | None:
    question = sdk._FetchCommittedDocumentInput(
        workflow_slug=slug, entity_id="spv/1", source=source, before_period="2026-04"
    )
    payload: dict[str, object] | None = asyncio.run(sdk.find_committed_document_activity(question)).payload
    return payload


def test_finds_what_the_task_or_a_child_of_it_committed(tenant_database: str, workspace: StandIn) -> None:
    rows = [
        ("march", "rent_roll", {"of": "an earlier run"}),
        ("march-again", "rent_roll", {"of": "first"}),
        ("march-again", "rent_roll", {"of": "second"}),
        ("march-again:collect:document-ingest", "rent_roll", {"of": "child"}),
        ("march-again:collect:document-ingest", "bank", {"of": "child"}),
    ]

    async def write() -> None:
        connection = await asyncpg.connect(tenant_database)
        await connection.executemany(
            "insert into ingest.extracted_payloads (entity_slug, source, document_ref, schema_slug, task_id, payload) "
            "values ('spv', $2, 'd', 's', $1, $3::jsonb)",
            [(id, source, json.dumps(payload)) for id, source, payload in rows],
        )
        await connection.close()

    asyncio.run(write())
    assert committed("rent_roll") == {"of": "second"}
    assert committed("bank") == {"of": "child"}
    assert committed("trial_balance") is None
    assert committed("rent_roll", slug="never-ran") is None


def test_a_database_that_is_away_is_an_error(tenant_database: str, workspace: StandIn, host_of_acme: SettingUp) -> None:
    host_of_acme(NTRO_TENANT_POSTGRES_URL=f"{tenant_database}_not_there")
    with pytest.raises(asyncpg.InvalidCatalogNameError):
        committed("rent_roll")
