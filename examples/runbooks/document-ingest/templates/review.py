"""The review: how rows are shown, and what corrections make of them."""

from typing import Any

from .document import UnreadableError
from .models import CONFIDENCE, Approval, Column, Correction, Reading, Row
from .money import read_amount, total
from .schemas import SCHEMAS, fit_row

# Below this, a confidence is shown as a warning.
_CONFIDENCE_WARNING = 0.8


def columns_for(schema_slug: str, reading: Reading) -> list[Column]:
    """The columns of a review: those of the schema, or whatever AI has found; its confidence comes last."""
    schema = SCHEMAS.get(schema_slug)
    if schema is not None:
        columns = list(schema.columns)
    else:
        keys = [key for key in reading.rows[0] if key not in ("id", CONFIDENCE.key)]
        columns = [Column(key=key, label=key.replace("_", " ").capitalize(), editable=True) for key in keys]
    if reading.read_by == "ai":
        columns.append(CONFIDENCE)
    return columns


def display_hint(title: str, columns: list[Column], reading: Reading) -> dict[str, Any]:
    """The table as user interfaces draw it."""
    config: dict[str, Any] = {
        "title": title,
        "datasets": [
            {
                "key": "rows",
                "label": title,
                "data_key": "rows",
                "columns": [column.model_dump() for column in columns],
            }
        ],
        "allow_corrections": True,
        "approve_label": "Approve and commit",
        "reject_label": "Reject",
    }
    if reading.read_by == "ai":
        config["confidence_warning_threshold"] = _CONFIDENCE_WARNING
    return {"component": "DATA_TABLE", "config": config}


def checks_for(schema_slug: str, rows: list[Row]) -> tuple[list[dict[str, Any]] | None, dict[str, Any] | None]:
    """The checks that the platform runs beside the table, and the data they run on."""
    if schema_slug != "trial-balance":
        return None, None
    lines = [{"account_code": row["code"], "debit": row["debit"], "credit": row["credit"]} for row in rows]
    check = {
        "id": "closing_tb_balanced",
        "title": "Debits equal credits",
        "prompt": "The sum of all debits equals the sum of all credits.",
        "evaluator": "code",
    }
    return [check], {"opening_tb": {"lines": lines}}


def totals(schema_slug: str, rows: list[Row]) -> dict[str, str]:
    """The sums of the columns that are amounts."""
    schema = SCHEMAS.get(schema_slug)
    keys = [column.key for column in schema.columns if column.type == "currency"] if schema else []
    return {key: str(total(read_amount(row[key]) for row in rows)) for key in keys}


def fault_of(schema_slug: str, rows: list[Row]) -> str | None:
    """What has to be put right before the rows may be committed, if anything."""
    schema = SCHEMAS.get(schema_slug)
    return schema.fault(rows) if schema else None


class Table:
    """Rows under review. ``rows`` are changed in place, for they are the payload that reviewers see."""

    def __init__(self, schema_slug: str, columns: list[Column], rows: list[Row]) -> None:
        self.rows = rows
        self._corrections: list[Correction] = []
        self._schema = SCHEMAS.get(schema_slug)
        self._editable = {column.key for column in columns if column.editable}

    def correct(self, row_id: str, field: str, value: object) -> None:
        """Changes one cell. Raises :class:`UnreadableError` for what may not be changed or does not fit."""
        row = next((row for row in self.rows if row["id"] == row_id), None)
        if row is None or field not in self._editable:
            raise UnreadableError(f"{row_id} {field}: there is no such cell, or it may not be changed.")
        changed = {**row, field: "" if value is None else str(value)}
        if self._schema is not None:
            changed = {**row, **fit_row(self._schema.row, row_id, changed)}
        if changed[field] == row[field]:
            return
        self._corrections.append(
            Correction(line_item_id=row_id, field=field, old_value=row[field], new_value=changed[field])
        )
        row.update(changed)

    def approved_by(self, name: str) -> Approval:
        """The rows as they are now, approved."""
        return Approval(rows=self.rows, corrections=self._corrections, approved_by=name)
