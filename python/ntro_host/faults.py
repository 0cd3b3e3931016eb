"""What is wrong with a bundle, in the shape that people and the server see (``Fault`` in ``packages/contract/src/manifest.ts``)."""

from __future__ import annotations

import re
import traceback
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import TracebackType

from pydantic import BaseModel, ConfigDict

from .loader import ROOT

_PACKAGE = re.compile(rf"\b{ROOT}\.\w+\.")


class Fault(BaseModel):
    """One thing wrong, and where. ``line`` and ``column`` count from 1; ``path`` is a POSIX path in the bundle, or empty."""

    model_config = ConfigDict(frozen=True)

    code: str
    message: str
    path: str
    line: int | None = None
    column: int | None = None
    source: str | None = None
    hint: str | None = None


class BundleFaulty(Exception):
    """A bundle that cannot be installed, loaded or applied; ``faults`` are for its author."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults: Sequence[Fault] = tuple(faults)
        super().__init__("; ".join(f"{fault.path}:{fault.line or ''} {fault.message}" for fault in self.faults))


class Place(BaseModel):
    """A line of the bundle."""

    path: str
    line: int
    column: int | None = None
    source: str | None = None


def line_of(root: Path, path: str, line: int) -> str | None:
    """The text of line ``line`` (from 1) of the bundle's file, without its end; None when there is none."""
    try:
        lines = (root / path).read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError):
        return None
    return lines[line - 1].rstrip("\r") if 0 < line <= len(lines) else None


def path_in_bundle(root: Path, filename: str | None) -> str | None:
    """The POSIX path of a file below the bundle's folder; None when it lies elsewhere."""
    if filename is None:
        return None
    try:
        return Path(filename).relative_to(root).as_posix()
    except ValueError:
        return None


def place_of(root: Path, path: str, line: int, column: int | None = None) -> Place:
    """A place with its source line."""
    return Place(path=path, line=line, column=column, source=line_of(root, path, line))


def innermost_place(root: Path, trace: TracebackType | None) -> Place | None:
    """The last frame of a traceback that lies in the bundle: where the author should look."""
    for frame in reversed(traceback.extract_tb(trace)):
        path = path_in_bundle(root, frame.filename)
        if path is not None and frame.lineno:
            return place_of(root, path, frame.lineno)
    return None


def place_of_error(root: Path, error: BaseException) -> Place | None:
    """Where an exception that loading the bundle raised points to; a syntax error names its place itself."""
    if isinstance(error, SyntaxError):
        path = path_in_bundle(root, error.filename)
        if path is not None and error.lineno:
            return place_of(root, path, error.lineno, error.offset or None)
    return innermost_place(root, error.__traceback__)


def error_fault(root: Path, code: str, path: str, error: BaseException, hint: str | None = None) -> Fault:
    """Python's own words about an exception, with the author's line. ``path`` is used where no frame lies in the bundle."""
    message = said_by(root, error)
    place = place_of_error(root, error)
    if place is None:
        return Fault(code=code, message=message, path=path, hint=hint)
    return Fault(code=code, message=message, hint=hint, **place.model_dump())


def said_by(root: Path, error: BaseException) -> str:
    """Python's own words about an exception, with modules and files under the names that the author knows; what follows a blank line is advice for others."""
    text = error.msg if isinstance(error, SyntaxError) else str(error)
    text = _PACKAGE.sub("", text.split("\n\n")[0]).replace(f"{root}/", "")
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def at(code: str, message: str, place: Place, hint: str | None = None) -> Fault:
    """A fault of one line."""
    return Fault(code=code, message=message, hint=hint, **place.model_dump())
