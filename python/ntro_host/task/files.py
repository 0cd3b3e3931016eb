"""Files and rows that are submitted: handed to the bundle's own signal handlers, as the published tenant API would signal them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from temporalio import workflow
from temporalio.exceptions import FailureError

from .answers import Answers
from .author_code import ArgumentUnfit, call_handler, signal_handler
from .gate import Gate
from .messages import IngestUpdate, Json, SubmitUpdate
from .refusal import refuse
from .slots import DEFAULT_SIGNAL, DEFAULT_SOURCE, Slot
from .state import Handling, handling, scoped

DATA_SUBMITTED = "data_submitted"
_PUBLISHED = ("document_ref", "tenant_slug", "entity_slug", "source", "filename", "content_type")


class Files:
    """Takes what is submitted to one run."""

    def __init__(self, answers: Answers) -> None:
        self._answers = answers
        self._state = answers.state

    def check(self, update: SubmitUpdate) -> tuple[Gate, Slot]:
        """The gate and the slot that a file may go to."""
        gate = self._answers.find(update.gate)
        if gate.slots is None:
            refuse("GATE_NOT_OPEN", f'"{gate.title}" waits for a decision, not for a file.')
        slot = _slot(gate, update.source)
        if slot is None:
            sources = ", ".join(slot.source for slot in gate.slots)
            refuse("GATE_NOT_OPEN", f'"{update.source}" is not asked for; these are: {sources}.')
        if slot.status != "pending":
            refuse("GATE_NOT_OPEN", f'"{update.source}" was submitted already.')
        if not self._is_childs(slot) and self._handler(slot.signal) is None:
            refuse("DATA_NOT_TAKEN", f'The runbook has no handler "{slot.signal}" for the file.')
        return gate, slot

    async def submit(self, update: SubmitUpdate) -> None:
        """Hands a file over: to the author's handler, or to the child that asks for it."""
        gate, slot = self.check(update)
        document = update.model_dump(exclude={"gate"})
        slot.take(document, "processing")
        try:
            if self._is_childs(slot):
                await self._relay(slot, document)
            else:
                await self._call(self._handler(slot.signal), document)
                # A single file that does not satisfy the author is asked for again; of several, each counts when it is there.
                slot.status = "completed"
                self._answers.settle_what_holds()
                if gate.kind == "submit_file" and gate.predicate is not None and not gate.settled:
                    slot.reset()
        except BaseException:
            slot.reset()
            raise
        finally:
            self._state.changed()

    def check_records(self, update: IngestUpdate) -> None:
        """Refuses rows where the bundle has no handler for them."""
        if self._handler(DATA_SUBMITTED) is None:
            refuse("DATA_NOT_TAKEN", f"The runbook takes no rows as data: it has no handler `{DATA_SUBMITTED}`.")

    async def ingest(self, update: IngestUpdate) -> None:
        """Hands rows over, one by one."""
        self.check_records(update)
        for record in update.records:
            await self._call(self._handler(DATA_SUBMITTED), record.model_dump())
        self._answers.settle_what_holds()
        self._state.changed()

    def signalled(self, name: str, argument: object) -> None:
        """Notes that the author's handler got a signal: a file that was asked for is there."""
        document = argument if isinstance(argument, Mapping) else {}
        for gate in self._state.open_gates():
            # Of several files each counts when it came; whether a single one satisfies the author is theirs to say.
            if gate.kind == "submit_files" or gate.holds():
                for slot in self._asking(gate, name, document.get("source")):
                    slot.take(document, "completed")
        self._answers.settle_what_holds()
        if self._state.gates:
            self._state.changed()

    def _asking(self, gate: Gate, signal: str, source: object) -> list[Slot]:
        """The slots of a gate that a signal fills."""
        return [
            slot
            for slot in gate.slots or ()
            if slot.signal == signal
            and source in (None, slot.source)
            and slot.status == "pending"
            and not self._is_childs(slot)
        ]

    async def _call(self, fn: Any, document: Json) -> None:
        published = {key: document[key] for key in _PUBLISHED if key in document}
        try:
            with scoped(handling, Handling()):
                # A strict model of the author's knows only the published names.
                await call_handler(fn, document, *([published] if published else []))
        except ArgumentUnfit as unfit:
            refuse("REQUEST_INVALID", f"The runbook's handler takes another form: {unfit}")
        except Exception as error:
            self._answers.refuse_if_meant(error)
            raise

    async def _relay(self, slot: Slot, document: Json) -> None:
        handle: workflow.ExternalWorkflowHandle[Any] = workflow.get_external_workflow_handle(str(slot.task_id))
        try:
            await handle.signal(slot.signal, document)
        except FailureError as error:
            refuse("GATE_NOT_OPEN", f"The child runbook that takes this file is not running: {error}")

    def _is_childs(self, slot: Slot) -> bool:
        return slot.task_id is not None and slot.task_id.startswith(f"{self._state.workflow_id}:")

    def _handler(self, name: str) -> Any:
        return signal_handler(name) or (
            signal_handler(DEFAULT_SIGNAL) if name not in (DEFAULT_SIGNAL, DATA_SUBMITTED) else None
        )


def _slot(gate: Gate, source: str) -> Slot | None:
    """The slot of a source; the only one takes any where the author named none."""
    slots = gate.slots or []
    named = [slot for slot in slots if slot.source == source]
    if not named and len(slots) == 1 and slots[0].source == DEFAULT_SOURCE:
        return slots[0]
    return next((slot for slot in named if slot.status == "pending"), next(iter(named), None))
