"""The tables of a review, as its display hint and payload describe them; the same rules as the server's (``packages/contract/src/review-table.ts``)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

ROW_NAMES = ("id", "line_item_id", "expense_id", "row_id")
"""The fields that published bundles name rows by."""


@dataclass(frozen=True)
class Row:
    """One row. ``values`` is the very object in the payload that was given."""

    id: str
    values: dict[str, Any]


@dataclass(frozen=True)
class Table:
    """One table. ``editable`` names the fields that may change; None where the hint does not say which."""

    rows: tuple[Row, ...]
    editable: tuple[str, ...] | None
    corrections_allowed: bool

    def may_change(self, field: str) -> bool:
        """Whether a field may be changed, as far as the hint says."""
        if self.editable is not None:
            return field in self.editable
        return self.corrections_allowed and field not in ROW_NAMES


def review_tables(config: object, payload: object) -> list[Table]:
    """The tables that a review shows. ``payload`` is JSON; an empty list when it shows no rows."""
    hint = config if isinstance(config, Mapping) else {}
    allowed = hint.get("allow_corrections") is not False
    tables = []
    for columns, found in _datasets(hint, payload):
        rows = tuple(Row(_row_id(values, place), values) for place, values in enumerate(found))
        if rows:
            tables.append(Table(rows, _editable(columns), allowed))
    return tables


def find_row(tables: list[Table], row_id: str, field: str | None = None) -> tuple[Table, Row] | None:
    """The row of an id; of several with that id the first whose field may change."""
    found = [(table, row) for table in tables for row in table.rows if row.id == row_id]
    fitting = [pair for pair in found if field is None or pair[0].may_change(field)]
    return next(iter(fitting or found), None)


def _datasets(hint: Mapping[str, Any], payload: object) -> list[tuple[list[Any], list[dict[str, Any]]]]:
    declared = hint.get("datasets")
    if isinstance(declared, list):
        return [
            (_list(dataset.get("columns")), _rows_at(payload, str(dataset.get("data_key") or dataset.get("key") or "")))
            for dataset in declared
            if isinstance(dataset, Mapping)
        ]
    if hint.get("columns") or hint.get("data_key"):
        return [(_list(hint.get("columns")), _rows_at(payload, str(hint.get("data_key") or "rows")))]
    if isinstance(payload, list):
        return [([], _records(payload))]
    return [([], _records(value)) for value in payload.values()] if isinstance(payload, dict) else []


def _rows_at(payload: object, path: str) -> list[dict[str, Any]]:
    value = payload
    if not isinstance(payload, list):
        for key in path.split("."):
            value = value.get(key) if isinstance(value, dict) else None
    return _records(value)


def _records(value: object) -> list[dict[str, Any]]:
    return value if isinstance(value, list) and all(isinstance(row, dict) for row in value) else []


def _row_id(values: dict[str, Any], place: int) -> str:
    for name in ROW_NAMES:
        value = values.get(name)
        if isinstance(value, float) and value.is_integer():
            return str(int(value))
        if isinstance(value, (str, int, float)) and not isinstance(value, bool):
            return str(value)
    return str(place)


def _editable(columns: list[Any]) -> tuple[str, ...] | None:
    described = [column for column in columns if isinstance(column, Mapping)]
    if all("editable" not in column for column in described):
        return None
    return tuple(str(column.get("key")) for column in described if column.get("editable") is True)


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
