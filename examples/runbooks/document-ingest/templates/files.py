"""Opens files: the cells of .xlsx and .csv, the lines of .pdf. Used by activities only."""

import csv
import io
import warnings
from datetime import date, datetime
from decimal import Context, Decimal

import openpyxl
import pdfplumber

from .document import Document, UnreadableError

# What a person can review, and what fits into the result of an activity (1 MB) with the names of its columns.
MAX_ROWS = 4000
MAX_TEXT_BYTES = 600_000

# A workbook keeps numbers as binary fractions, of which 15 digits are meant: 0.1 + 0.2 is shown as 0.3.
_WORKBOOK_DIGITS = Context(prec=15)


def open_document(content: bytes) -> Document:
    """Reads a file by what it is, not by what it is called. Raises :class:`UnreadableError`."""
    # Some programs write a few lines before the mark of a PDF.
    if b"%PDF-" in content[:1024]:
        return _pdf(content)
    if content.startswith(b"PK\x03\x04"):
        return _of_rows(_workbook(content))
    return _of_rows(_csv(content))


def _of_rows(rows: list[list[str]]) -> Document:
    if len(rows) > MAX_ROWS:
        raise UnreadableError(f"The file has {len(rows)} rows; at most {MAX_ROWS} can be reviewed at once.")
    text = "\n".join("\t".join(row) for row in rows)
    if len(text.encode()) > MAX_TEXT_BYTES:
        raise UnreadableError(f"The file has over {MAX_TEXT_BYTES // 1000} KB of text; it is too much for one review.")
    return Document(rows=rows, text=text)


def _pdf(content: bytes) -> Document:
    try:
        with pdfplumber.open(io.BytesIO(content)) as pdf:
            text = "\n".join(page.extract_text() or "" for page in pdf.pages)
    except Exception as error:  # The parser raises whatever a damaged file leads it to.
        raise UnreadableError("The PDF is damaged or protected by a password.") from error
    if not text.strip():
        raise UnreadableError("The PDF has no text; a scan has to be recognised (OCR) first.")
    return Document(rows=[], text=text)


def _workbook(content: bytes) -> list[list[str]]:
    try:
        with warnings.catch_warnings():
            # About styles, which do not matter here.
            warnings.simplefilter("ignore", UserWarning)
            workbook = openpyxl.load_workbook(io.BytesIO(content), data_only=True, read_only=True)
            sheets = [
                [_without_end([_cell(value) for value in row]) for row in sheet.iter_rows(values_only=True)]
                for sheet in workbook
            ]
            workbook.close()
    except Exception as error:  # As above.
        raise UnreadableError("The file is no .xlsx workbook, or it is damaged.") from error
    # An empty row between sheets, for a table ends there.
    return [row for sheet in sheets for row in [*sheet, []]]


def _without_end(row: list[str]) -> list[str]:
    """The row up to its last cell that holds something: a sheet is as wide as its widest row."""
    return row[: max((place for place, cell in enumerate(row, start=1) if cell), default=0)]


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return format(Decimal(repr(value)).normalize(_WORKBOOK_DIGITS), "f")
    if isinstance(value, (date, datetime)):
        return value.isoformat()[:10]
    return str(value).strip()


def _csv(content: bytes) -> list[list[str]]:
    text = _decode(content)
    if "\x00" in text:
        raise UnreadableError("The file is neither .pdf nor .xlsx, nor text.")
    if not text.strip():
        raise UnreadableError("The file is empty.")
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=text.count), strict=True)
    try:
        return [[cell.strip() for cell in row] for row in lines]
    except csv.Error as error:
        raise UnreadableError(f"Line {lines.line_num} of the file is no line of a .csv: {error}.") from error


def _decode(content: bytes) -> str:
    """Text in one of the encodings that spreadsheets save .csv in."""
    encodings = ("utf-16",) if content.startswith((b"\xff\xfe", b"\xfe\xff")) else ("utf-8-sig", "cp1252")
    for encoding in encodings:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise UnreadableError("The file is neither .pdf nor .xlsx, nor text.")
