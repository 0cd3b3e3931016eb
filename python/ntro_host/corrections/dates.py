"""
Defect of ntro 0.1.2, ``types/dates.py``: ``ForgivingDate`` completes what a text lacks from today's date: "3" is the
third of this month, "April 2026" another day each day. Instead a text that does not name day, month and year is no
date: None, as for all else that cannot be read.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

import ntro.types as package
import ntro.types.dates as sdk
from dateutil.parser import parse
from pydantic import BeforeValidator

from .published import replace

_published = sdk._coerce_forgiving_date
_DEFAULTS = (datetime(2000, 1, 1), datetime(2004, 3, 2))
"""
Different in day, month and year; both in leap years and in months of 31 days, so that whatever day a text names is a
date with either.
"""

ForgivingDate = Annotated[date | None, BeforeValidator(lambda value: to_date(value))]
"""The type for fields of models, as published but for what the module says."""


def apply() -> None:
    """Replaces the type; models that were made before keep the old one, and the SDK has none."""
    replace("_coerce_forgiving_date", to_date, sdk)
    replace("ForgivingDate", ForgivingDate, sdk, package)


def to_date(value: object) -> date | None:
    """A date from a date, a time or a text; None for what is none, and for a text that leaves a part of it open."""
    return None if isinstance(value, str) and _is_incomplete(value.strip()) else _published(value)


def _is_incomplete(text: str) -> bool:
    try:
        first, second = (parse(text, dayfirst=True, default=default).date() for default in _DEFAULTS)
    except (ValueError, TypeError, OverflowError):
        # No date at all, or one that only the stricter reading of ISO takes.
        return False
    differs: bool = first != second
    return differs
