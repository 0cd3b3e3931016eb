from datetime import timedelta
from typing import Any

from ntro.workflow import NtroWorkflow, runbook

from .activities import first, second, third


@runbook.defn
class NoOpPythonWorkflow(NtroWorkflow):
    @runbook.step(name="one", title="One")
    async def one(self) -> dict[str, str]:
        return await runbook.execute_activity(first, {}, start_to_close_timeout=timedelta(minutes=1))

    @runbook.step(name="two", title="Two")
    async def two(self) -> dict[str, str]:
        return await runbook.execute_activity(second, {}, start_to_close_timeout=timedelta(minutes=1))

    @runbook.step(name="three", title="Three")
    async def three(self) -> dict[str, str]:
        return await runbook.execute_activity(third, {}, start_to_close_timeout=timedelta(minutes=1))

    @runbook.run
    async def run(self, context: dict[str, Any]) -> str:
        await self.one()
        await self.two()
        await self.three()
        return "done"
