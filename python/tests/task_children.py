"""Parents and children for the tests of children."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ntro.workflow import NtroWorkflow, WorkflowError, runbook
from pydantic import BaseModel
from temporalio import workflow
from temporalio.common import RawValue

Json = dict[str, Any]


class LeafInput(BaseModel):
    """Whom it works for is the parent's."""

    name: str
    outcome: str = "ok"
    tenant_slug: str | None = None
    config: Json = {}


class LeafResult(BaseModel):
    """What a leaf gives."""

    name: str
    tenant: str | None
    currency: str | None = None


@runbook.defn
class LeafWorkflow(NtroWorkflow):
    """Approves, returns or fails."""

    @runbook.step(name="leaf", title="Leaf")
    async def _leaf(self, ctx: LeafInput) -> None:
        if ctx.outcome == "fail":
            raise WorkflowError(f"{ctx.name} cannot be done.", type="LeafFailed", non_retryable=True)
        if ctx.outcome == "gate":
            await self.wait_for_action(reason=f"May {ctx.name} go on?")

    @runbook.run
    async def run(self, ctx: LeafInput) -> LeafResult:
        """Whose leaf it was."""
        await self._leaf(ctx)
        return LeafResult(name=ctx.name, tenant=ctx.tenant_slug, currency=ctx.config.get("currency"))


@runbook.defn
class DocumentIngestWorkflow(NtroWorkflow):
    """Takes one file, or fails."""

    def __init__(self) -> None:
        super().__init__()
        self.document: Json | None = None

    @runbook.signal
    def document_submitted(self, payload: Json) -> None:
        """Takes it."""
        self.document = payload

    @runbook.run
    async def run(self, ctx: Json) -> Json:
        """What came."""
        action = {"kind": "submit_file", "reason": f"File {ctx['source']}", "args": {"source": ctx["source"]}}
        await self.await_signal_with_action(predicate=lambda: self.document is not None, action=action)
        assert self.document is not None
        if self.document["filename"] == "broken":
            raise WorkflowError("It is broken.", type="Broken", non_retryable=True)
        return {"ref": self.document["document_ref"]}


@runbook.defn
class ParentWorkflow(NtroWorkflow):
    """Children in every way."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[str] = []

    @workflow.signal(dynamic=True)
    def anything(self, name: str, args: Sequence[RawValue]) -> None:
        """Hears every signal that nobody else takes."""
        self.heard.append(name)

    @runbook.step(name="work", title="Work")
    async def _work(self, how: str) -> Any:
        if how == "one":
            leaf = await self.run_child_workflow(slug="leaf", input={"name": "only", "outcome": "gate"})
            return [leaf.name, leaf.tenant, leaf["currency"]]
        if how == "many":
            inputs = [LeafInput(name=name, tenant_slug="own" if name == "b" else None) for name in "ab"]
            return [leaf.model_dump() for leaf in await self.run_child_workflows(slug="leaf", inputs=inputs)]
        if how == "failing":
            inputs = [LeafInput(name="x", outcome="fail"), LeafInput(name="y", outcome="gate")]
            return await self.run_child_workflows(slug="leaf", inputs=inputs)
        if how == "twice":
            first = await self.run_child_workflow(slug="leaf", input={"name": "1"})
            return [first.name, (await runbook.execute_child_workflow(LeafWorkflow, LeafInput(name="2"))).name]
        if how == "later":
            await self.wait_for_action(reason="Now?")
            leaf = await self.run_child_workflow(slug="leaf", input={"name": "late", "outcome": "gate"})
            return [leaf.name, *self.heard]
        if how == "unknown":
            return await self.run_child_workflow(slug="stranger", input={})
        if how == "collect":
            expected = [{"source": "tb", "accept": ["xlsx"]}, {"source": "rr", "title": "Rent roll"}]
            inputs = [{"source": "tb"}, {"source": "rr"}]
            return [each.ref for each in await self.collect_documents(expected=expected, inputs=inputs, title="Both")]
        return None

    @runbook.run
    async def run(self, ctx: Json) -> Any:
        """What the children gave."""
        return await self._work(ctx["how"])


ALL = (LeafWorkflow, DocumentIngestWorkflow, ParentWorkflow)
