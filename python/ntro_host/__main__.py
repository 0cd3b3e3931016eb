"""``python -m ntro_host``: the host's process. Messages come as JSON lines on stdin and go out on what was stdout when it began."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import sys
import threading
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING

from pydantic import ValidationError

from .logs import set_up_logging
from .messages import (
    ALIVE_SECONDS,
    TO_HOST,
    Alive,
    AllRepairs,
    Drain,
    FromHost,
    Idle,
    Prepare,
    Prepared,
    Replay,
    Replayed,
    Rest,
    Running,
    Start,
)
from .surroundings import surround

if TYPE_CHECKING:
    from .host import TenantHost

log = set_up_logging()


class Channel:
    """The two ends, kept from author code: what it prints goes to stderr, and what it starts finds nothing on stdin."""

    def __init__(self) -> None:
        self._in, self._out = os.dup(0), os.dup(1)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(2, 1)

    def tell(self, message: FromHost) -> None:
        """Sends a message; whether anybody listens shows at the other end."""
        try:
            os.write(self._out, message.model_dump_json(by_alias=True).encode() + b"\n")
        except BrokenPipeError:
            return

    def listen(self, on_line: Callable[[bytes | None], object]) -> None:
        """Reads in a thread of its own; ``on_line`` is called there, with None at the end."""

        def read() -> None:
            with os.fdopen(self._in, "rb") as lines:
                for line in lines:
                    on_line(line)
            on_line(None)

        threading.Thread(target=read, daemon=True, name="channel").start()


class Process:
    """Does what the messages say."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._loop = asyncio.get_running_loop()
        self._host: asyncio.Future[TenantHost] = self._loop.create_future()
        self._tasks: set[asyncio.Task[None]] = set()
        self._started = False
        self.ended: asyncio.Future[int] = self._loop.create_future()
        """Resolves to the exit code."""

    def run(self) -> None:
        """Begins to listen."""
        self._do(self._beat())
        self._loop.add_signal_handler(signal.SIGTERM, lambda: self._do(self._drain()))
        # Ctrl-C reaches the whole group; the supervisor decides.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        self._channel.listen(lambda line: self._loop.call_soon_threadsafe(self._take, line))

    def _take(self, line: bytes | None) -> None:
        if line is None:
            # The supervisor is gone: nobody would end this process.
            self._do(self._drain())
            return
        if not line.strip():
            return
        try:
            message = TO_HOST.validate_json(line)
        except ValidationError as error:
            # Without its values: they are the tenant's secrets.
            log.error("a message is not understood: %s", [fault["loc"] for fault in error.errors(include_input=False)])
            self._end(1)
            return
        if isinstance(message, Start) and not self._started:
            self._started = True
            self._do(self._start(message))
        elif isinstance(message, Prepare):
            self._do(self._prepare(message))
        elif isinstance(message, Rest):
            self._do(self._rest())
        elif isinstance(message, AllRepairs):
            self._do(self._use_repairs(message))
        elif isinstance(message, Replay):
            self._do(self._replay(message))
        elif isinstance(message, Drain):
            self._do(self._drain())

    async def _start(self, message: Start) -> None:
        surround(message.settings)
        from .sdk import set_up_sdk

        set_up_sdk(message.settings.storage)
        from .host import start_tenant_host

        host = await start_tenant_host(message.settings)
        # What is there now stays: the collector need not look at it again.
        gc.collect()
        gc.freeze()
        self._host.set_result(host)
        self._channel.tell(Running())
        await host.finished
        self._end(0)

    async def _prepare(self, message: Prepare) -> None:
        from .server import ServerRefused

        host = await asyncio.shield(self._host)
        try:
            await host.prepare(message.deployment_id, message.revision, message.dry_run)
        except ServerRefused as error:
            # Settled by somebody else, or gone: there is nothing left to do for it.
            log.warning("deployment %s: %s", message.deployment_id, error)
        self._channel.tell(Prepared(deployment_id=message.deployment_id))

    async def _rest(self) -> None:
        host = await asyncio.shield(self._host)
        if host.activities_under_way() == 0:
            self._channel.tell(Idle())

    async def _use_repairs(self, message: AllRepairs) -> None:
        (await asyncio.shield(self._host)).use_repairs(message.repairs)

    async def _replay(self, message: Replay) -> None:
        host = await asyncio.shield(self._host)
        await host.replay(message)
        self._channel.tell(Replayed(id=message.id))

    async def _drain(self) -> None:
        if self._started:
            host = await asyncio.shield(self._host)
            await host.drain()
        self._end(0)

    async def _beat(self) -> None:
        while True:
            self._channel.tell(Alive())
            await asyncio.sleep(ALIVE_SECONDS)

    def _do(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None:
            log.error("the host cannot go on", exc_info=error)
            self._end(1)

    def _end(self, code: int) -> None:
        if not self.ended.done():
            self.ended.set_result(code)


async def _run() -> int:
    process = Process(Channel())
    process.run()
    return await process.ended


def main() -> None:
    """Runs until drained."""
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    code = asyncio.new_event_loop().run_until_complete(_run())
    sys.stdout.flush()
    sys.stderr.flush()
    # The interpreter's own end may crash in Temporal's threads, after all work is done.
    os._exit(code)


if __name__ == "__main__":
    main()
