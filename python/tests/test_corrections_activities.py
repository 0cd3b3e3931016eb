"""The SDK's own activities, run by a real Temporal as bundles call them."""

from __future__ import annotations

import asyncio
from uuid import uuid4

from conftest import SettingUp
from http_stand_in import Answer, Request, serving
from temporalio import workflow
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from ntro_host.corrections import SDK_ACTIVITIES


@workflow.defn
class AsksForTheLast:
    """What a bundle's workflow does with the SDK's functions."""

    @workflow.run
    async def run(self, entity: str) -> list[object]:
        from ntro.workflow.task import find_committed_document, previous

        handle = await previous(workflow_slug="nav-monthly", entity_id=entity, before_period="2026-04")
        document = await find_committed_document(workflow_slug="never-ran", entity_id=entity, source="bank")
        return [handle and handle.extract(["rent"]), document]


def server(request: Request) -> Answer:
    if "/entities/spv/tasks" in request.path:
        done = {
            "id": "t1",
            "runbookSlug": "nav-monthly",
            "status": "COMPLETED",
            "updatedAt": "2026-04-01T00:00:00.000Z",
        }
        return Answer([{**done, "context": {"period": "2026-03"}}])
    return Answer({"id": "t1", "result": {"rent": "14.50"}})


def test_a_workflow_gets_the_real_previous_task(temporal_address: str, host_of_acme: SettingUp) -> None:
    async def run() -> object:
        client = await Client.connect(temporal_address, data_converter=pydantic_data_converter)
        queue = f"corrections-{uuid4()}"
        async with Worker(
            client,
            task_queue=queue,
            workflows=[AsksForTheLast],
            activities=SDK_ACTIVITIES,
            workflow_runner=UnsandboxedWorkflowRunner(),
        ):
            return await client.execute_workflow(AsksForTheLast.run, "spv", id=queue, task_queue=queue)

    answered = 0

    def away_at_first(request: Request) -> Answer:
        nonlocal answered
        answered += 1
        return Answer("starting", 503) if answered == 1 else server(request)

    with serving(away_at_first) as workspace:
        host_of_acme(NTRO_WORKSPACE_API_URL=f"{workspace.url}/v1", NTRO_API_KEY="viewer-key")
        assert asyncio.run(run()) == [{"rent": "14.50"}, None]
