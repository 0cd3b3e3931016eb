"""Amounts: decimals of two places, from what people and spreadsheets write. Never floats."""

import re
from collections.abc import Iterable
from decimal import Decimal
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field

PENCE = Decimal("0.01")

# 14,500.00 · 14500 · -14500.5 · (250.00) for a negative one; a currency may stand before or behind.
_AMOUNT = re.compile(r"(?P<minus>-?)(?P<whole>\d{1,3}(?:,\d{3})+|\d+)(?P<fraction>\.\d{1,2})?")
_CURRENCY = re.compile(r"^(?:[A-Z]{3}\s|[£$€])\s*|\s*(?:\s[A-Z]{3}|[£$€])$")


def read_amount(written: object) -> Decimal:
    """An amount as people write it. A float, and what can be read in two ways (``1.234,56``), raise ``ValueError``."""
    if isinstance(written, (Decimal, int)) and not isinstance(written, bool):
        return Decimal(written)
    if not isinstance(written, str):
        raise ValueError(f"an amount is text such as 1250.00, not {type(written).__name__}")
    text = written.strip()
    bracketed = text.startswith("(") and text.endswith(")")
    text = _CURRENCY.sub("", text[1:-1].strip() if bracketed else text)
    found = _AMOUNT.fullmatch(text)
    if found is None:
        raise ValueError(f"{written!r} is no amount such as 1,250.00")
    amount = Decimal(found["minus"] + found["whole"].replace(",", "") + (found["fraction"] or ""))
    return -amount if bracketed else amount


def total(amounts: Iterable[Decimal]) -> Decimal:
    """The sum, with two places however many amounts there are."""
    return sum(amounts, Decimal(0)).quantize(PENCE)


Money = Annotated[
    Decimal,
    BeforeValidator(read_amount),
    Field(max_digits=20, decimal_places=2),
    AfterValidator(lambda amount: amount.quantize(PENCE)),
]
"""An amount in a model: read by :func:`read_amount`, written to JSON as text such as ``"1250.00"``."""
