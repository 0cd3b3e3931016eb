"""The host's heartbeats, which an activity that holds up the event loop must not stop."""

import asyncio
import dataclasses
import threading
from datetime import timedelta

import pytest
from temporalio import activity
from temporalio.bridge.proto import ActivityHeartbeat
from temporalio.testing import ActivityEnvironment
from temporalio.worker import ActivityOutboundInterceptor

from ntro_host.heartbeats import HOST_HEARTBEAT, Beats, RememberedHeartbeat


class Record:
    """What Core would have been handed."""

    def __init__(self) -> None:
        self.beats: list[ActivityHeartbeat] = []
        self.twice = threading.Event()

    def __call__(self, beat: ActivityHeartbeat) -> None:
        self.beats.append(beat)
        if len(self.beats) >= 2:
            self.twice.set()


class Sdk(ActivityOutboundInterceptor):
    """The SDK's own part, which is called for the author's heartbeats."""

    def __init__(self) -> None:
        self.details: tuple[object, ...] = ()

    def heartbeat(self, *details: object) -> None:
        self.details = details


def environment(timeout: timedelta | None) -> ActivityEnvironment:
    env = ActivityEnvironment()
    env.info = dataclasses.replace(ActivityEnvironment.default_info(), heartbeat_timeout=timeout)
    return env


def test_beats_go_on_while_an_activity_holds_the_event_loop_and_repeat_its_details() -> None:
    record, sdk = Record(), Sdk()
    heartbeats = RememberedHeartbeat(sdk)
    beats = Beats(record, seconds=0.01)

    async def blocking() -> None:
        with beats.during(heartbeats):
            heartbeats.heartbeat("row", 7)
            assert record.twice.wait(10)

    asyncio.run(environment(HOST_HEARTBEAT).run(blocking))
    assert sdk.details == ("row", 7)
    assert [detail.data for detail in record.beats[-1].details] == [b'"row"', b"7"]
    assert record.beats[-1].task_token == ActivityEnvironment.default_info().task_token


@pytest.mark.parametrize("timeout", [None, timedelta(seconds=15)])
def test_an_author_who_asked_for_heartbeats_gives_them(timeout: timedelta | None) -> None:
    record = Record()
    beats = Beats(record, seconds=0.01)

    async def activity_of_author() -> bytes:
        with beats.during(RememberedHeartbeat(Sdk())):
            await asyncio.sleep(0)
            return activity.info().task_token

    asyncio.run(environment(timeout).run(activity_of_author))
    assert record.beats == []
