"""Tasks on a host that is a process of its own, with a real Temporal and a stand-in for the server."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from host_process import QUEUE, HostProcess, Revisions, eventually
from temporalio.client import Client, WorkflowFailureError, WorkflowHandle
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.exceptions import ApplicationError

Handle = WorkflowHandle[Any, Any]
TASK_TIMEOUT = timedelta(seconds=1)
"""Of workflow tasks: code that fails is tried again after it."""
INPUT = {"period": "2026-01", "amount": 5, "tenant_id": "t"}


class Lab:
    """A host with what is around it."""

    def __init__(self, revisions: Revisions, settings: dict[str, Any]) -> None:
        self.revisions = revisions
        self.settings = settings
        self.host = HostProcess(settings)

    def again(self) -> None:
        """A new host after the end of the old one."""
        self.host = HostProcess(self.settings)

    def deployed(self, files: dict[str, str], version: str = "0.1.0") -> str:
        """Deploys a bundle that is good; gives its workflow type."""
        workflow_type, key = self.revisions.add(files, version=version)
        reports = self.revisions.deployments[self.host.prepare(key)]
        assert reports[-1]["status"] == "ready", reports
        return workflow_type

    def run(self, work: Callable[[Client], Coroutine[Any, Any, None]]) -> None:
        """Runs a test's part with a client of Temporal."""

        async def connected() -> None:
            address = self.settings["temporal"]["address"]
            await asyncio.wait_for(work(await Client.connect(address, data_converter=pydantic_data_converter)), 90)

        asyncio.run(connected())


async def start(client: Client, workflow_type: str, value: object = INPUT, **memo: object) -> Handle:
    return await client.start_workflow(
        workflow_type, value, id=str(uuid4()), task_queue=QUEUE, task_timeout=TASK_TIMEOUT, memo=memo or None
    )


async def failure_of(client: Client, workflow_type: str, value: object) -> ApplicationError:
    with pytest.raises(WorkflowFailureError) as raised:
        await (await start(client, workflow_type, value)).result()
    found = raised.value.cause
    while not isinstance(found, ApplicationError):
        assert found is not None
        found = found.__cause__
    return found


async def until(what: Callable[[], object]) -> None:
    await asyncio.to_thread(eventually, what)
