"""
Defects of ntro 0.1.2, ``subledger/``: rows with a JSON column cannot be read back, because the driver gives JSON as
text; times of rows are naive, so that a machine whose time zone is not UTC writes other moments than it means;
approving does not write ``approved_at``; a JSON column typed as a model, or as a list of models, cannot be written.

Instead: text is read as JSON where the row's annotation is of that kind; times are aware; approving writes the time
where the row class has a field for it.
"""

from __future__ import annotations

import collections.abc
import json
import types
from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, datetime
from enum import Enum
from typing import Annotated, Any, Union, get_args, get_origin
from uuid import UUID

import ntro.subledger.handle as sdk_handle
import ntro.subledger.persistence as sdk
from ntro.subledger.row import Row
from pydantic import BaseModel

from .published import replace

TIMES = ("created_at", "updated_at")
JSON_TYPES = (dict, list, tuple, set, frozenset, BaseModel, collections.abc.Mapping, collections.abc.Sequence)

_published_default = sdk._json_default
_published_value = sdk._value_for_column


def apply() -> None:
    """Replaces reading, writing and approving of rows, and the default times of all row classes."""
    replace("_annotation_is_jsonish", is_json, sdk)
    replace("_json_default", _json_default, sdk)
    replace("_value_for_column", _value_for_column, sdk)
    replace("insert_row_dict", _with_aware_times(sdk.insert_row_dict), sdk)
    replace("fetch_rows", _reading_json(sdk.fetch_rows), sdk)
    replace("mark_approved", _approving(sdk_handle.SubledgerHandle.mark_approved), sdk_handle.SubledgerHandle)
    _make_times_aware(Row)


def is_json(annotation: object) -> bool:
    """Whether a field is kept as JSON: mappings, lists and models, also optional and annotated ones."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return is_json(get_args(annotation)[0])
    if origin in (Union, types.UnionType):
        return any(is_json(member) for member in get_args(annotation))
    kind = origin or annotation
    return isinstance(kind, type) and issubclass(kind, JSON_TYPES) and not issubclass(kind, (str, bytes))


def _make_times_aware(row_class: type[Row]) -> None:
    """Of this class and of all derived from it so far; later ones inherit."""
    for name in TIMES:
        row_class.model_fields[name].default_factory = _now
    row_class.model_rebuild(force=True)
    for derived in row_class.__subclasses__():
        _make_times_aware(derived)


def _now() -> datetime:
    return datetime.now(UTC)


def _with_aware_times(published: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
    async def insert(db: object, table: str, row_class: type[Row], row_dict: dict[str, Any]) -> None:
        # The handle writes `utcnow()` here.
        times = {name: row_dict[name] for name in TIMES if isinstance(row_dict.get(name), datetime)}
        aware = {name: time.replace(tzinfo=UTC) for name, time in times.items() if time.tzinfo is None}
        await published(db, table, row_class, {**row_dict, **aware})

    return insert


def _reading_json(published: Callable[..., Awaitable[list[Row]]]) -> Callable[..., Awaitable[list[Row]]]:
    async def fetch(db: Any, table: str, row_class: type[Row], **filters: object) -> list[Row]:
        columns = [name for name, field in row_class.model_fields.items() if is_json(field.annotation)]
        return await published(_Decoding(db, columns), table, row_class, **filters)

    return fetch


class _Decoding:
    """A database whose rows have the text of these columns read as JSON."""

    def __init__(self, db: Any, columns: list[str]) -> None:
        self._db = db
        self._columns = columns

    async def fetch(self, query: str, *args: object) -> list[dict[str, Any]]:
        return [self._decoded(dict(row)) for row in await self._db.fetch(query, *args)]

    def _decoded(self, row: dict[str, Any]) -> dict[str, Any]:
        for name in self._columns:
            if isinstance(row.get(name), str):
                row[name] = json.loads(row[name])
        return row


def _approving(published: Callable[..., Awaitable[int]]) -> Callable[..., Awaitable[int]]:
    async def mark_approved(self: sdk_handle.SubledgerHandle, *, ids: Iterable[UUID]) -> int:
        if "approved_at" not in self._row_class.model_fields:
            return await published(self, ids=ids)
        db = await self._ensure_db()
        status = await db.execute(
            f"update {self.table} set status = 'APPROVED', approved_at = now(), updated_at = now() "
            "where id = any($1::uuid[]) and entity_id = $2 and status = 'PENDING'",
            [UUID(str(id)) for id in ids],
            self.entity_id,
        )
        return int(str(status).rpartition(" ")[2])

    return mark_approved


def _value_for_column(row: Row, column: str) -> object:
    value = getattr(row, column)
    if isinstance(value, (BaseModel, tuple, set, frozenset)):
        return json.dumps(value, default=_json_default)
    published: object = _published_value(row, column)
    return published


def _json_default(value: object) -> object:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, (set, frozenset)):
        return list(value)
    if isinstance(value, Enum):
        return value.value
    return _published_default(value)
