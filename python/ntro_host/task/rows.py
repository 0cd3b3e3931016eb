"""Changes to the rows of an open review: what may be changed, what was changed, and how it shows."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from ntro.subledger.status import SubledgerStatus
from ntro.subledger.types.expenses import ExpenseRow
from ntro.subledger.types.expenses_mutations import can_reject

from .messages import Json
from .refusal import refuse
from .table import Row, Table, find_row, review_tables

Keeper = Literal["host", "author", "beside"]
"""
Who keeps an edit: the host, which shows it and hands it over with the approval; the author's row hook, in the payload; or the hook in a place that does not
show, so that the host shows it.
"""

_Cells = dict[tuple[str, str], Any]


@dataclass(eq=False)
class _Edit:
    row_id: str
    field: str
    old_value: Any
    new_value: Any
    by: str
    at: str
    keeper: Keeper

    def correction(self) -> Json:
        return {"row_id": self.row_id, "field": self.field, "old_value": self.old_value, "new_value": self.new_value}


class ReviewRows:
    """
    The rows of one review. ``shown`` gives config and payload as JSON, as the author's code has them now; edits made so far lie over it.

    ntro 0.1.2 hands row actions to a hook that most bundles do not have, keeps what it shows apart from what the hook changes, and forgets what came last.
    """

    def __init__(self, shown: Callable[[], tuple[Mapping[str, Any], Any]]) -> None:
        self._shown = shown
        self._edits: list[_Edit] = []
        self._rejected: dict[str, Keeper] = {}

    def payload(self) -> Any:
        """What people see: the author's payload with the edits in it, and which rows were rejected."""
        config, payload = self._shown()
        tables, cells = review_tables(config, payload), self._cells()
        for (row_id, field), value in cells.items():
            found = find_row(tables, row_id, field)
            if found is not None:
                found[1].values[field] = value
        kept = self.rejected_by_host()
        if kept and isinstance(payload, dict):
            payload.setdefault("rejected_rows", kept)
        return payload

    def edits(self) -> list[Json]:
        """The edits so far. What the author's hook made of a value is told instead of what was typed."""
        tables = self._tables() if any(edit.keeper == "author" for edit in self._edits) else []
        last = {(edit.row_id, edit.field): edit for edit in self._edits}
        shown = []
        for edit in self._edits:
            entry = {**edit.correction(), "by": edit.by, "at": edit.at}
            found = find_row(tables, edit.row_id, edit.field) if edit.keeper == "author" else None
            if found is not None and last[edit.row_id, edit.field] is edit:
                entry["new_value"] = found[1].values.get(edit.field)
            shown.append(entry)
        return shown

    def rejected(self) -> list[str]:
        """The ids of the rows that were rejected."""
        return list(self._rejected)

    def rejected_by_host(self) -> list[str]:
        """Those among them that the author's code has not been told of."""
        return [row_id for row_id, keeper in self._rejected.items() if keeper == "host"]

    def kept_corrections(self) -> list[Json]:
        """The edits that the author's code has not been told of, as corrections."""
        return [edit.correction() for edit in self._edits if edit.keeper == "host"]

    def require_corrections(self, corrections: Sequence[Mapping[str, Any]], *, lenient: bool = False) -> list[Json]:
        """
        The edits that corrections amount to. Refuses with ``CORRECTION_REFUSED`` what names a row that is not shown, a field that
        may not change, or a value that is not the present one.

        :param lenient: take corrections as they are where the review shows no table that could be read
        """
        if not corrections:
            return []
        tables, cells = self._tables(), dict(self._cells())
        if not tables:
            if lenient:
                return []
            refuse("CORRECTION_REFUSED", "There is no table to correct here; approve or reject it as it is.")
        edits = []
        for correction in corrections:
            row_id, field = str(correction["row_id"]), str(correction["field"])
            row, present = _cell(tables, cells, row_id, field)
            if "old_value" in correction and not _same(correction["old_value"], present):
                seen, now = _text(correction["old_value"]), _text(present)
                refuse(
                    "CORRECTION_REFUSED",
                    f'"{field}" of line "{row_id}" is {now} by now, not {seen}: look at the line again.',
                )
            new_value = correction.get("new_value")
            cells[row.id, field] = new_value
            edits.append({"row_id": row.id, "field": field, "old_value": present, "new_value": new_value})
        return edits

    def require_change(self, change: Mapping[str, Any], *, can_restore: bool) -> Json | None:
        """The edit that a row action amounts to, None where it rejects or restores a row. Refuses what does not fit."""
        if change["action"] == "edit_cell":
            if not change.get("field"):
                refuse("REQUEST_INVALID", "An edit names a field.")
            return self.require_corrections([{**change, "new_value": change.get("value")}])[0]
        row_id = str(change["row_id"])
        if row_id not in self._rejected and find_row(self._tables(), row_id) is None:
            refuse("CORRECTION_REFUSED", f'There is no line "{row_id}".')
        if change["action"] == "restore_row" and not can_restore:
            refuse("CORRECTION_REFUSED", "This runbook takes rejected lines out itself; it cannot put them back.")
        return None

    def require_rejectable(self, row_id: str) -> None:
        """
        Refuses what the published rule for expenses refuses: of that ledger only lines that need attention can be rejected by themselves. Bundles rely on
        it and write no rejection of a line to the ledger: it would be shown as rejected, and wait there for ever.
        """
        config, payload = self._shown()
        found = find_row(review_tables(config, payload), row_id)
        if found is None or config.get("row_type") != ExpenseRow.__name__:
            return
        try:
            status = SubledgerStatus(str(found[1].values.get("status")))
        except ValueError:
            return
        if can_reject(status).status != "OK":
            refuse(
                "CORRECTION_REFUSED",
                f'Line "{row_id}" is {status.value}, and of expenses only lines that need attention can be rejected by themselves. '
                "Correct it, or reject the whole.",
            )

    def keep(self, change: Mapping[str, Any], edit: Json | None, *, by: str, at: str, host: bool) -> None:
        """Keeps what a row action changed. ``host`` says that the author's code has no part in it."""
        row_id = str(change["row_id"])
        if edit is not None:
            keeper: Keeper = "host" if host else "author" if self._is_in_payload(edit) else "beside"
            self._edits.append(_Edit(**edit, by=by, at=at, keeper=keeper))
        elif change["action"] == "reject_row":
            self._rejected[row_id] = "host" if host else "author"
        else:
            self._rejected.pop(row_id, None)

    def _is_in_payload(self, edit: Json) -> bool:
        found = find_row(self._tables(), edit["row_id"], edit["field"])
        return found is None or not _same(found[1].values.get(edit["field"]), edit["old_value"])

    def _tables(self) -> list[Table]:
        return review_tables(*self._shown())

    def _cells(self) -> _Cells:
        """What lies over the author's payload."""
        return {(edit.row_id, edit.field): edit.new_value for edit in self._edits if edit.keeper != "author"}


def _cell(tables: list[Table], cells: _Cells, row_id: str, field: str) -> tuple[Row, Any]:
    found = find_row(tables, row_id, field)
    if found is None:
        refuse("CORRECTION_REFUSED", f'There is no line "{row_id}".')
    table, row = found
    if not table.may_change(field):
        may = "" if table.editable is None else f"; these may: {', '.join(table.editable) or 'none'}"
        refuse("CORRECTION_REFUSED", f'"{field}" of line "{row_id}" may not be changed{may}.')
    return row, cells.get((row.id, field), row.values.get(field))


def _same(seen: object, present: object) -> bool:
    return _text(seen) == _text(present)


def _text(value: object) -> str:
    """A value as JSON; numbers that are equal read the same."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)
