"""What makes a claim complete, and how one is made of the columns it came in. Pure: for activities and the review."""

import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Annotated, Any

from ntro.types import CurrencyCode
from pydantic import AfterValidator, BeforeValidator, TypeAdapter, ValidationError

from .models import Cells
from .money import Money

# The names that columns have where claims come from; the first is ours.
_NAMES = {
    "claimant": ("claimant", "employee", "name"),
    "vendor": ("vendor", "supplier", "merchant", "payee"),
    "expense_date": ("expense_date", "date", "transaction_date"),
    "amount": ("amount", "amount_gross", "gross", "total"),
    "currency": ("currency", "ccy"),
    "notes": ("notes", "description", "memo"),
}

FIELDS = tuple(_NAMES)
"""The fields of a claim, in the order they are shown."""


def _filled(text: str) -> str:
    if not text:
        raise ValueError("it is missing")
    return text


def _positive(amount: Decimal) -> Decimal:
    if amount <= 0:
        raise ValueError("it is not more than 0")
    return amount


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise ValueError(f"{text!r} is no date such as 2026-03-31") from error


def _currency(text: str) -> str:
    if re.fullmatch("[A-Za-z]{3}", text) is None:
        raise ValueError(f"{text!r} is no currency such as GBP")
    return text


Text = Annotated[str, AfterValidator(_filled)]


_CHECKS: dict[str, TypeAdapter[Any]] = {
    "claimant": TypeAdapter(Text),
    "vendor": TypeAdapter(Text),
    "expense_date": TypeAdapter(Annotated[date, BeforeValidator(_day), BeforeValidator(_filled)]),
    "amount": TypeAdapter(Annotated[Money, BeforeValidator(_filled), AfterValidator(_positive)]),
    "currency": TypeAdapter(Annotated[CurrencyCode, BeforeValidator(_currency)]),
    "notes": TypeAdapter(str),
}


def cells_of(data: Mapping[str, Any], currency: str) -> Cells:
    """The fields of a claim as text, from columns of many names; ``currency`` where it names none."""
    named = {re.sub(r"\W+", "_", key.strip().lower()): value for key, value in data.items()}
    cells = {
        field: next((_text(named[name]) for name in names if named.get(name) not in (None, "")), "")
        for field, names in _NAMES.items()
    }
    return {**cells, "currency": cells["currency"] or currency}


def _text(value: object) -> str:
    if isinstance(value, float):
        # A number in JSON arrives as a float; its shortest text is what was sent.
        return format(Decimal(repr(value)), "f")
    return str(value).strip()


def check(cells: Cells) -> tuple[Cells, dict[str, str]]:
    """The cells as a complete claim writes them, and what is wrong with the others by their field."""
    fitted, problems = dict(cells), {}
    for field, adapter in _CHECKS.items():
        try:
            fitted[field] = adapter.dump_python(adapter.validate_python(cells[field]), mode="json")
        except ValidationError as error:
            problems[field] = error.errors()[0]["msg"].removeprefix("Value error, ")
    return fitted, problems


def told(problems: Mapping[str, str]) -> str:
    """What is wrong with a claim, as a sentence for people."""
    return "; ".join(f"{field}: {problem}" for field, problem in problems.items())
