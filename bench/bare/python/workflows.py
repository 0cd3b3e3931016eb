"""Three activities that do nothing, as an engineer would write them on Temporal's Python SDK alone."""

from datetime import timedelta

from temporalio import activity, workflow


@activity.defn
async def first(given: dict[str, str]) -> dict[str, str]:
    return {}


@activity.defn
async def second(given: dict[str, str]) -> dict[str, str]:
    return {}


@activity.defn
async def third(given: dict[str, str]) -> dict[str, str]:
    return {}


@workflow.defn(name="noOpPython")
class NoOp:
    @workflow.run
    async def run(self) -> str:
        for step in (first, second, third):
            await workflow.execute_activity(step, {}, start_to_close_timeout=timedelta(minutes=1))
        return "done"
