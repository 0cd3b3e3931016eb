"""A bare Temporal worker in Python: the SDK's defaults, its sandbox included. Arguments: Temporal's address, namespace, task queue.

Prints "ready" once it polls; ends on SIGTERM.
"""

import asyncio
import signal
import sys

from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import Worker
from workflows import NoOp, first, second, third


async def main(address: str, namespace: str, task_queue: str) -> None:
    client = await Client.connect(address, namespace=namespace, data_converter=pydantic_data_converter)
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    async with Worker(client, task_queue=task_queue, workflows=[NoOp], activities=[first, second, third]):
        print("ready", flush=True)
        await stop.wait()


asyncio.run(main(*sys.argv[1:4]))
