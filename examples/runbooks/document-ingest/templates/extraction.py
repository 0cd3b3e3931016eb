"""Rows that AI has read, fitted to the same models as those that code has read."""

from decimal import Decimal

from ntro.capabilities.ai import ExtractionResult

from .document import UnreadableError
from .models import CONFIDENCE, Row
from .schemas import Schema, fit_row


def instructions_for(schema: Schema | None) -> str:
    """What the model is told beside the schema's name."""
    exact = 'Give every amount as text with two decimals, such as "1250.00": no currency, no thousands separator.'
    if schema is None:
        return exact
    fields = ", ".join(column.key for column in schema.columns)
    return f'Each of line_items has exactly the fields {fields}. {exact} An amount that is not there is "0.00".'


def rows_of(result: ExtractionResult, schema: Schema | None) -> list[Row]:
    """The rows of an extraction, each with a confidence. Raises :class:`UnreadableError` for what does not fit."""
    if not result.line_items:
        raise UnreadableError("AI has found no rows in the file.")
    rows: list[Row] = []
    for number, item in enumerate(result.line_items, start=1):
        values = {key: _as_text(value) for key, value in item.items()}
        if schema is not None:
            key = schema.columns[0].key
            row = fit_row(schema.row, f"Row {number} as AI has read it", {**values, "id": values.get(key, "")})
        else:
            row = {**values, "id": str(number)}
        rows.append({**row, CONFIDENCE.key: _confidence(result, item)})
    return rows


def _as_text(value: object) -> str:
    if isinstance(value, float):
        # A number in JSON arrives as a float; its shortest text is what the model wrote.
        return format(Decimal(repr(value)), "f")
    return "" if value is None else str(value)


def _confidence(result: ExtractionResult, item: dict[str, object]) -> str:
    scores = [score for field, score in result.confidence_scores.items() if field in item]
    # The weakest field tells whether the row has to be looked at.
    return f"{min(scores, default=result.average_confidence):.2f}"
