"""
Defects of ntro 0.1.2, ``capabilities/storage.py``: a path with ``..``, an absolute one or one through a link reads and
writes anywhere on the machine, also by the name of a table; a file is written in place, so that a crash leaves half of
it.

Instead: paths stay in the tenant's folder (an absolute path inside it is taken, for that is what ``write`` gives back),
and files are written beside and renamed. The folder is the one that the host names, the same as for TypeScript; without
that the published one.
"""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ntro.capabilities.storage as sdk

from .published import replace

DRAFT = ".ntro-draft-"
_folder: Path | None = None
_published_folder = sdk._data_dir


def apply() -> None:
    """Replaces the functions that take a path."""
    for name, function in (
        ("_data_dir", root),
        ("write_table", write_table),
        ("read_table", read_table),
        ("write_file", write_file),
        ("read_file", read_file),
        ("list_files", list_files),
    ):
        replace(name, function, sdk)


def use_folder(folder: str | os.PathLike[str] | None) -> None:
    """Says where the tenant's files are; None for the published place beside ``NTRO_ARTIFACTS_DIR``."""
    global _folder
    _folder = None if folder is None else Path(folder)


def root() -> Path:
    """The tenant's folder; it is there."""
    if _folder is None:
        published: Path = _published_folder()
        return published
    _folder.mkdir(parents=True, exist_ok=True)
    return _folder


def inside(path: str | os.PathLike[str]) -> Path:
    """
    Where a path of the tenant's storage is on the machine, links followed.

    :raises ValueError: when that is outside the tenant's folder; it names the path
    """
    folder = root().resolve()
    if "\0" in str(path):
        raise ValueError(f"{str(path)!r} is no path: it has a zero byte in it.")
    target = (folder / path).resolve()
    if not target.is_relative_to(folder):
        raise ValueError(f'"{path}" leads out of the tenant\'s storage.')
    return target


def file_inside(path: str | os.PathLike[str]) -> Path:
    """As :func:`inside`, for a file: the folder itself is none."""
    target = inside(path)
    if target == root().resolve():
        raise ValueError(f'"{path}" is no file of the tenant\'s storage.')
    return target


def write_beside(target: Path, write: Callable[[Path], object]) -> None:
    """
    Lets ``write`` make a file beside the target, then renames it: whoever reads finds the old or the new one, whole.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_name(f"{DRAFT}{uuid.uuid4().hex}{target.suffix}")
    try:
        write(draft)
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)


async def write_table(
    table_name: str, *, data: list[dict[str, Any]], period: str = "", mode: str = "overwrite"
) -> dict[str, Any]:
    """
    As published: rows as JSON, in place of the table's or after them (``append``).

    :raises ValueError: for a name that leads out.
    """
    target = _table(table_name, period)
    before = json.loads(target.read_text()) if mode == "append" and target.exists() else []
    rows = [*before, *data]
    text = json.dumps(rows, indent=2, default=str)
    write_beside(target, lambda draft: draft.write_text(text))
    return {"rows_written": len(data), "total_rows": len(rows), "path": str(target)}


async def read_table(table_name: str, *, period: str = "") -> list[dict[str, Any]]:
    """
    As published: the rows of a table, none when it was never written.

    :raises ValueError: for a name that leads out.
    """
    source = _table(table_name, period)
    rows: list[dict[str, Any]] = json.loads(source.read_text()) if source.exists() else []
    return rows


async def write_file(file_path: str, *, content: bytes) -> dict[str, Any]:
    """As published: writes a file and says where it is. :raises ValueError: for a path that leads out."""
    target = file_inside(file_path)
    write_beside(target, lambda draft: draft.write_bytes(content))
    return {"path": str(target), "size_bytes": len(content)}


async def read_file(file_path: str) -> bytes:
    """As published: a file's content. :raises ValueError: for a path that leads out :raises FileNotFoundError:"""
    source = file_inside(file_path)
    if not source.exists():
        raise FileNotFoundError(f"There is no file {file_path} in the tenant's storage.")
    return source.read_bytes()


async def list_files(prefix: str = "") -> list[str]:
    """
    As published: the files below a folder, as paths in the storage, sorted.

    :raises ValueError: for a folder that leads out
    """
    folder = root().resolve()
    start = inside(prefix) if prefix else folder
    files = (path for path in start.rglob("*") if path.is_file() and not path.name.startswith(DRAFT))
    return sorted(str(path.relative_to(folder)) for path in files)


def _table(name: str, period: str) -> Path:
    return file_inside(f"{name}_{period}.json" if period else f"{name}.json")
