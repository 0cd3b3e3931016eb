"""The review: how claims are shown, and what becomes of them while people change them."""

from typing import Any

from .claims import FIELDS, check, told
from .models import Cells

_LABELS = {"expense_date": ("Date", "date"), "amount": ("Amount", "currency")}


def display_hint(title: str) -> dict[str, Any]:
    """The table as user interfaces draw it."""
    columns: list[dict[str, Any]] = []
    for field in FIELDS:
        label, kind = _LABELS.get(field, (field.capitalize(), "text"))
        column = {"key": field, "label": label, "type": kind, "editable": True}
        columns.append({**column, "currencyKey": "currency"} if kind == "currency" else column)
    columns.append({"key": "problem", "label": "Needs attention", "type": "text", "editable": False})
    return {
        "component": "DATA_TABLE",
        "config": {
            "title": title,
            "row_type": "ExpenseClaimRow",
            "datasets": [{"key": "claims", "label": "Claims", "data_key": "rows", "columns": columns}],
            "row_actions": ["edit_cell", "reject_row"],
            "allow_corrections": True,
            "approve_label": "Approve",
            "reject_label": "Reject all",
        },
    }


class ClaimsTable:
    """Claims under review. ``rows`` are changed in place, for they are the payload that reviewers see."""

    def __init__(self, rows: list[Cells]) -> None:
        self.rows = rows
        self._edited: set[str] = set()

    def edit(self, row_id: str, field: str, value: object) -> None:
        """Changes a cell; the claim needs attention for as long as anything is wrong with it."""
        row = self._row(row_id)
        if row is None or field not in FIELDS:
            return
        cells, problems = check({**row, field: "" if value is None else str(value).strip()})
        row.update({**cells, "status": "NEEDS_ATTENTION" if problems else "PENDING", "problem": told(problems)})
        self._edited.add(row_id)

    def reject(self, row_id: str) -> None:
        """Takes a claim out of what is approved."""
        row = self._row(row_id)
        if row is not None:
            row.update({"status": "REJECTED", "problem": ""})

    def restore(self, row_id: str) -> None:
        """Takes a rejected claim in again."""
        row = self._row(row_id)
        if row is not None and row["status"] == "REJECTED":
            _, problems = check(row)
            row.update({"status": "NEEDS_ATTENTION" if problems else "PENDING", "problem": told(problems)})

    @property
    def unsettled(self) -> list[str]:
        """Which lines still need attention, each with what is wrong."""
        return [
            f"line {line} ({row['problem']})"
            for line, row in enumerate(self.rows, start=1)
            if row["status"] == "NEEDS_ATTENTION"
        ]

    def having(self, status: str) -> list[Cells]:
        """The claims with this status."""
        return [row for row in self.rows if row["status"] == status]

    def corrected(self) -> list[Cells]:
        """The claims that were changed and are complete."""
        return [row for row in self.having("PENDING") if row["id"] in self._edited]

    def _row(self, row_id: str) -> Cells | None:
        return next((row for row in self.rows if row["id"] == row_id), None)
