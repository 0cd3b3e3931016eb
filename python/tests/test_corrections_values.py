"""Dates and amounts that people type."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

import pytest
from published_sdk import published
from pydantic import BaseModel

from ntro_host.corrections import apply_corrections
from ntro_host.corrections.amounts import to_amount
from ntro_host.corrections.dates import ForgivingDate, to_date


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("1.234,56", "1234.56"),
        ("1,234.56", "1234.56"),
        ("12,50", "12.50"),
        ("1,234", "1234"),
        ("1.234", "1.234"),
        ("1.234.567", "1234567"),
        ("1.234.567,8", "1234567.8"),
        ("0,125", "0.125"),
        ("£1,234.50", "1234.50"),
        ("1 234,56 €", "1234.56"),
        ("1'234.50", "1234.50"),
        ("1\u00a0234,5", "1234.5"),
        ("(12.50)", "-12.50"),
        ("- 12", "-12"),
        ("12.50-", "-12.50"),
        (" 7 ", "7"),
        (12, "12"),
        (0.1, "0.1"),
    ],
)
def test_reads_an_amount_as_it_was_meant(text: object, amount: str) -> None:
    assert to_amount(text) == Decimal(amount)


@pytest.mark.parametrize("text", [None, "", "n/a", "12 34", "1,23,4", "USD 12", "NaN", float("nan"), "Infinity", True])
def test_what_is_no_amount_is_none(text: object) -> None:
    assert to_amount(text) is None


def test_a_table_of_expenses_is_read_with_these_amounts() -> None:
    from ntro.subledger.types.expenses import canonicalize_tabular_expense_row

    apply_corrections()
    assert canonicalize_tabular_expense_row({"Supplier": "JLL", "Amount": "1.234,56"}) == (
        {"vendor": "JLL", "amount": 1234.56, "currency": "GBP"},
        [],
    )
    refused = canonicalize_tabular_expense_row({"Supplier": "JLL", "Amount": "(12.50)"})
    assert refused == (None, [{"field": "amount", "code": "invalid", "message": "Amount must be > 0"}])
    code = """
    from ntro.subledger.types.expenses import canonicalize_tabular_expense_row as read
    result = [read({"vendor": "JLL", "amount": "1.234,56"})[0]["amount"], outcome(lambda: read({"amount": "NaN"}))]
    """
    wrong, broken = published(code)  # type: ignore[misc]
    assert wrong == 1.23456
    assert broken.startswith("InvalidOperation")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("2026-04-12", date(2026, 4, 12)),
        ("12/04/2026", date(2026, 4, 12)),
        ("April 12, 2026", date(2026, 4, 12)),
        ("29 Feb 2024", date(2024, 2, 29)),
        ("31 Jan 26", date(2026, 1, 31)),
        (datetime(2026, 4, 12, 9, 30), date(2026, 4, 12)),
        (date(2026, 4, 12), date(2026, 4, 12)),
        ("3", None),
        ("31", None),
        ("April 2026", None),
        ("12 April", None),
        ("10:30", None),
        ("yesterday", None),
        ("", None),
        (None, None),
    ],
)
def test_a_date_is_what_the_text_says_and_nothing_of_today(given: object, expected: date | None) -> None:
    assert to_date(given) == expected


def test_models_of_bundles_get_the_corrected_date() -> None:
    apply_corrections()
    from ntro import types

    class Receipt(BaseModel):
        on: types.ForgivingDate  # type: ignore[valid-type]

    assert types.ForgivingDate is ForgivingDate
    assert Receipt(on="3").on is None
    assert Receipt.model_validate_json('{"on": "12/04/2026"}').on == date(2026, 4, 12)
    code = """
    from ntro.types.dates import _coerce_forgiving_date as read
    result = str(read("3"))
    """
    assert str(published(code)).endswith("-03")
