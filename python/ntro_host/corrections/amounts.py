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

_SYMBOLS = re.compile("[£$€]")
_SPACES = re.compile("[\\s\u00a0\u202f]+")
_SEPARATORS = ((",", "."), (".", ","), (" ", ".,"), ("'", ".,"))
"""Of thousands, and the decimal ones that go with them."""


def apply() -> None:
    """Replaces how the cells of tables are read as amounts."""
    replace("_as_decimal", to_amount, sdk)


def to_amount(value: object) -> Decimal | None:
    """
    An amount as people write it. Of two kinds of separators the last is the decimal one; a single comma is, unless
    exactly three digits follow; a single point always is, and several of one kind never. Brackets, or a minus at either
    end, make it negative. None for what is no finite number. A currency's letters are not passed over: they may
    contradict the currency of the row.
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
    text = _SPACES.sub(" ", _SYMBOLS.sub("", text)).strip()
    negative = re.fullmatch(r"\((.*)\)|-(.*)|(.*)-", text)
    if negative is None:
        return _with_point(text)
    return "-" + _with_point(next(part for part in negative.groups() if part is not None).strip())


def _with_point(text: str) -> str:
    """Separators of thousands removed, the decimal one a point; text that fits no pattern stays and is refused."""
    for thousands, points in _SEPARATORS:
        parts = re.fullmatch(rf"([1-9]\d{{0,2}}(?:[{thousands}]\d{{3}})+)(?:[{points}](\d+))?", text)
        if parts is None:
            continue
        whole, fraction = parts[1], parts[2]
        # One point with three digits after it is as often a decimal one, and was always read so.
        if thousands == "." and fraction is None and whole.count(".") == 1:
            continue
        return whole.replace(thousands, "") + (f".{fraction}" if fraction else "")
    return text.replace(",", ".") if re.fullmatch(r"\d*,\d+", text) else text
