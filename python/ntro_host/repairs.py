"""
Which executions run other code than they started with: those that were repaired. Their workflow type stays what it was; the *effective* type is the one whose
code runs, activities included.
"""

from __future__ import annotations

from collections.abc import Iterable

from .messages import Repair


class Repairs:
    """
    The repairs in force, as far as this host knows, by the rules of ``packages/worker/src/host/repairs.ts``. The server tells all of them; the signals in
    histories tell them too, and those are what counts: one that the server's list does not have yet stays. The higher number wins. Used from one event loop.
    """

    def __init__(self, repairs: Iterable[Repair] = ()) -> None:
        self._told: dict[str, Repair] = {}
        self._met: dict[str, Repair] = {}
        self.replace(repairs)

    def replace(self, repairs: Iterable[Repair]) -> None:
        """Takes the server's list in place of its earlier one."""
        self._told = {repair.workflow_id: repair for repair in repairs}
        self._met = {
            workflow_id: met for workflow_id, met in self._met.items() if met.number > _number(self._told, workflow_id)
        }

    def meet(self, repair: Repair) -> None:
        """Takes what a signal in an execution's history says; an older one than is known changes nothing."""
        known = max(_number(self._told, repair.workflow_id), _number(self._met, repair.workflow_id))
        if repair.number > known:
            self._met[repair.workflow_id] = repair

    def type_of(self, workflow_id: str, own_type: str) -> str:
        """The workflow type whose code an execution runs."""
        repair = self._met.get(workflow_id) or self._told.get(workflow_id)
        return own_type if repair is None else repair.type


def _number(repairs: dict[str, Repair], workflow_id: str) -> int:
    return repairs[workflow_id].number if workflow_id in repairs else 0
