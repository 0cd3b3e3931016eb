"""
Defect of ntro 0.1.2, ``subledger/types/expenses.py``: amounts in tables are read by deleting every comma, so that
``1.234,56`` is 1.23 and ``12,50`` is 1250; a cell that is no finite number (NaN) ends the activity, and one in brackets
is "missing". Instead what :func:`to_amount` says; what it cannot tell is invalid.
"""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation

import ntro.subledger.types.expenses as sdk

from .published import replace

_SYMBOLS = re.compile(r"[£$€\s\u00a0\u202f']|\b[A-Z]{3}\b")


def apply() -> None:
    """Replaces how the cells of tables are read as amounts."""
    replace("_as_decimal", to_amount, sdk)


def to_amount(value: object) -> Decimal | None:
    """
    An amount as people write it. Of two kinds of separators the last is the decimal one; a single comma is, unless
    exactly three digits follow; a single point always is, and several of one kind never. Brackets and a minus at either
    end make it negative. None for what is no finite number.
    """
    if value is None or isinstance(value, bool):
        return None
    text = str(value) if isinstance(value, (int, float, Decimal)) else _plain(str(value))
    try:
        amount = Decimal(text)
    except InvalidOperation:
        return None
    return amount if amount.is_finite() else None


def _plain(text: str) -> str:
    text = _SYMBOLS.sub("", text.strip())
    negative = re.fullmatch(r"\((.*)\)|-(.*)|(.*)-", text)
    if negative:
        text = next(part for part in negative.groups() if part is not None)
    return ("-" if negative else "") + _with_point(text)


def _with_point(text: str) -> str:
    """Separators of thousands removed, the decimal one a point; text that fits no pattern stays and is refused."""
    for thousands, point in ((",", "."), (".", ",")):
        grouped = rf"\d{{1,3}}(?:{re.escape(thousands)}\d{{3}})+"
        if re.fullmatch(rf"{grouped}{re.escape(point)}\d+", text) or (
            re.fullmatch(grouped, text) and (thousands == "," or text.count(".") > 1)
        ):
            return text.replace(thousands, "").replace(point, ".")
    # Not three digits after it, or it would be one of thousands above.
    return text.replace(",", ".") if re.fullmatch(r"\d*,\d+", text) else text
