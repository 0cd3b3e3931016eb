"""
Defects of ntro 0.1.2, ``capabilities/excel.py``: text of users that begins with ``=`` becomes a formula, which is
computed when somebody opens the report; a relative path is one of the host's working folder, an absolute one anywhere;
keys that the first row lacks are left out; times with a zone, control characters and long sheet names end the activity,
which is then retried for ever; the event loop stands still while it works.

Instead: text is text (only the totals of the template ``trial-balance`` are formulas); a relative path is one of the
tenant's storage, an absolute one has to be there, in the artifacts folder or in the machine's folder for temporary
files; the path that is given back is absolute, and ``storage.read`` takes it.
"""

from __future__ import annotations

import asyncio
import re
import tempfile
from collections.abc import Sequence
from datetime import datetime, time
from decimal import Decimal
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ntro.capabilities.excel as sdk
from ntro.capabilities import config

from .published import replace
from .storage import file_inside, write_beside

if TYPE_CHECKING:
    from openpyxl.cell.cell import Cell
    from openpyxl.worksheet.worksheet import Worksheet

Row = dict[str, Any]

AMOUNT_FORMAT = "#,##0.00"
TOTALLED = frozenset({"debit", "credit", "opening", "closing", "amount"})
WIDEST = 50
NAME_LENGTH = 31
"""Excel's limit for the name of a sheet."""
_FORBIDDEN_IN_NAMES = re.compile(r"[\[\]:*?/\\]")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")


def apply() -> None:
    """Replaces the function that makes a workbook."""
    replace("generate", generate, sdk)


async def generate(
    *,
    data: list[Row],
    template: str = "generic",
    output_path: str,
    sheet_name: str | None = None,
    title: str | None = None,
) -> str:
    """
    As published: a workbook with one sheet, a heading for each key and a line for each row. Gives the file's absolute
    path.

    :raises ValueError: for a path outside the folders that the module names
    """
    target = _target(output_path)

    def write() -> None:
        write_beside(target, lambda draft: _write(draft, data, template, sheet_name, title))

    await asyncio.to_thread(write)
    return str(target)


def _target(path: str) -> Path:
    given = Path(path)
    if given.is_absolute():
        resolved = given.resolve()
        for folder in (config.get().artifacts_dir, tempfile.gettempdir()):
            if resolved.is_relative_to(Path(folder).resolve()):
                return resolved
    return file_inside(path)


def _write(file: Path, data: Sequence[Row], template: str, sheet_name: str | None, title: str | None) -> None:
    from openpyxl import Workbook
    from openpyxl.styles import Font

    workbook = Workbook()
    sheet: Worksheet = workbook.active
    sheet.title = _sheet_name(sheet_name or template.replace("-", " ").title())
    top = 1
    if title:
        _put(sheet.cell(row=1, column=1), title).font = Font(bold=True, size=14)
        top = 3
    if data:
        headers = list(dict.fromkeys(key for row in data for key in row))
        _headings(sheet, top, headers)
        _lines(sheet, top + 1, headers, data)
        if template == "trial-balance":
            _totals(sheet, top + 1, top + len(data), headers)
    workbook.save(file)


def _headings(sheet: Worksheet, row: int, headers: Sequence[str]) -> None:
    from openpyxl.styles import Alignment, Font, PatternFill

    fill = PatternFill(start_color="1F4E79", end_color="1F4E79", fill_type="solid")
    for column, header in enumerate(headers, 1):
        cell = _put(sheet.cell(row=row, column=column), str(header).replace("_", " ").title())
        cell.font = Font(bold=True, color="FFFFFF", size=11)
        cell.fill = fill
        cell.alignment = Alignment(horizontal="center")


def _lines(sheet: Worksheet, first: int, headers: Sequence[str], data: Sequence[Row]) -> None:
    from openpyxl.styles import Border, Side
    from openpyxl.utils import get_column_letter

    border = Border(bottom=Side(style="thin", color="CCCCCC"))
    for column, header in enumerate(headers, 1):
        width = len(str(header))
        for offset, row in enumerate(data):
            value = row.get(header, "")
            cell = _put(sheet.cell(row=first + offset, column=column), value)
            cell.border = border
            if isinstance(value, (int, float, Decimal)) and not isinstance(value, bool):
                cell.number_format = AMOUNT_FORMAT
            width = max(width, len(str(cell.value or "")))
        sheet.column_dimensions[get_column_letter(column)].width = min(width + 4, WIDEST)


def _totals(sheet: Worksheet, first: int, last: int, headers: Sequence[str]) -> None:
    from openpyxl.styles import Border, Font, Side
    from openpyxl.utils import get_column_letter

    for column, header in enumerate(headers, 1):
        cell = sheet.cell(row=last + 1, column=column)
        if str(header).lower() in TOTALLED:
            letter = get_column_letter(column)
            cell.value = f"=SUM({letter}{first}:{letter}{last})"
            cell.number_format = AMOUNT_FORMAT
        elif column == 1:
            cell.value = "TOTAL"
        else:
            continue
        cell.font = Font(bold=True)
        cell.border = Border(top=Side(style="double"))


def _put(cell: Cell, value: object) -> Cell:
    """Writes a value; text stays text, in the file and when somebody edits the cell."""
    if isinstance(value, (datetime, time)) and value.tzinfo is not None:
        value = value.isoformat()
    elif value is not None and (not isinstance(value, _native()) or _is_no_number(value)):
        value = str(value)
    if isinstance(value, str):
        value = _CONTROL.sub("", value)
        cell.value = value
        cell.data_type = "s"
        cell.quotePrefix = value.startswith(("=", "+", "-", "@"))
    else:
        cell.value = value
    return cell


def _is_no_number(value: object) -> bool:
    """NaN and the infinities: in the place of a number they make a file that Excel calls damaged."""
    return isinstance(value, (float, Decimal)) and not isfinite(value)


def _native() -> tuple[type, ...]:
    from openpyxl.cell.cell import KNOWN_TYPES

    return tuple(KNOWN_TYPES)


def _sheet_name(name: str) -> str:
    return _FORBIDDEN_IN_NAMES.sub(" ", name).strip("'")[:NAME_LENGTH] or "Sheet"
