"""The files that a gate asks for, as its published description has them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from .clock import timestamp
from .messages import SENDER

SlotStatus = Literal["pending", "processing", "completed", "failed"]

DEFAULT_MAX_MB = 25
DEFAULT_SIGNAL = "document_submitted"
DEFAULT_SOURCE = "file"

_FILE_NAMES = {
    "document_ref": "ref",
    "source": "source",
    "filename": "filename",
    "content_type": "contentType",
    "size_bytes": "sizeBytes",
    "sha256": "sha256",
}
"""What a submitted file is called by whoever submits it, and where it is shown."""

_EXTENSIONS = {
    "application/pdf": ("pdf",),
    "text/csv": ("csv",),
    "application/csv": ("csv",),
    "text/plain": ("txt",),
    "text/tab-separated-values": ("tsv",),
    "text/html": ("html", "htm"),
    "application/json": ("json",),
    "application/xml": ("xml",),
    "text/xml": ("xml",),
    "application/zip": ("zip",),
    "application/vnd.ms-excel": ("xls",),
    "application/vnd.ms-excel.sheet.macroenabled.12": ("xlsm",),
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": ("xlsx",),
    "application/vnd.oasis.opendocument.spreadsheet": ("ods",),
    "application/msword": ("doc",),
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": ("docx",),
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": ("pptx",),
    "message/rfc822": ("eml",),
    "image/png": ("png",),
    "image/jpeg": ("jpg", "jpeg"),
    "image/jpg": ("jpg", "jpeg"),
    "image/tiff": ("tif", "tiff"),
    "image/webp": ("webp",),
    "image/*": ("png", "jpg", "jpeg", "tif", "tiff", "webp"),
}


@dataclass(eq=False)
class Slot:
    """One file that is asked for. ``task_id`` names the workflow that takes it, ``signal`` the author's handler of it."""

    source: str
    title: str | None
    accept: tuple[str, ...]
    max_size_mb: float
    signal: str
    task_id: str | None = None
    status: SlotStatus = "pending"
    document: dict[str, Any] | None = None
    submitted_at: str | None = None

    def shown(self) -> dict[str, Any]:
        """As ``ntro_state`` has it."""
        return {
            "source": self.source,
            **({} if self.title is None else {"title": self.title}),
            "accept": list(self.accept),
            "max_size_mb": self.max_size_mb,
            "status": self.status,
            **({} if self.document is None else {"document": self.file()}),
        }

    def file(self) -> dict[str, Any] | None:
        """The file that came, under the names that hosts of every language show; None where none did."""
        if self.document is None:
            return None
        given = {name: self.document.get(published) for published, name in _FILE_NAMES.items()}
        sent = {
            "submittedBy": self.document.get("actedBy") or SENDER,
            "at": self.document.get("at") or self.submitted_at,
        }
        return {**{name: value for name, value in given.items() if value is not None}, **sent}

    def take(self, document: Mapping[str, Any], status: SlotStatus) -> None:
        """Keeps which file came."""
        self.document, self.status, self.submitted_at = dict(document), status, timestamp()

    def reset(self) -> None:
        """Asks for the file again."""
        self.document, self.status, self.submitted_at = None, "pending", None


def slots_of(action: Mapping[str, Any]) -> list[Slot] | None:
    """The slots of a pending action; None where it asks for no file."""
    args, config = _mapping(action.get("args")), display_config(action)
    if action.get("kind") == "submit_file":
        return [
            _slot({**args, **{key: config[key] for key in ("accept", "max_size_mb", "title") if key in config}}, args)
        ]
    if action.get("kind") != "submit_files":
        return None
    expected = config.get("expected")
    described = [entry for entry in expected if isinstance(entry, Mapping)] if isinstance(expected, list) else []
    return [_slot(entry, _mapping(entry.get("args"))) for entry in described] or [_slot(args, args)]


def display_config(action: Mapping[str, Any]) -> Mapping[str, Any]:
    """The config of an action's display hint; empty where it has none."""
    return _mapping(_mapping(action.get("display_hint")).get("config"))


def extensions(accept: object) -> tuple[str, ...]:
    """
    Lower-case extensions without the dot, of extensions and mime types as bundles write them. A mime type that is not known takes any file, and so does ``*``:
    to refuse what the author wanted would be worse.
    """
    given = accept.split(",") if isinstance(accept, str) else accept if isinstance(accept, (list, tuple)) else []
    found: dict[str, None] = {}
    for entry in given:
        word = str(entry).strip().lower()
        if not word:
            continue
        known = _EXTENSIONS.get(word) if "/" in word else (word.lstrip(".*"),)
        if not known or not known[0]:
            return ()
        found.update(dict.fromkeys(known))
    return tuple(found)


def _slot(described: Mapping[str, Any], args: Mapping[str, Any]) -> Slot:
    source, title, limit = (
        described.get("source") or args.get("source"),
        described.get("title"),
        described.get("max_size_mb"),
    )
    fits = isinstance(limit, (int, float)) and not isinstance(limit, bool) and limit > 0
    status = described.get("status")
    return Slot(
        source=str(source) if source else DEFAULT_SOURCE,
        title=str(title) if title else None,
        accept=extensions(described.get("accept")),
        max_size_mb=limit if fits and limit is not None else DEFAULT_MAX_MB,
        signal=str(args.get("signal_name") or DEFAULT_SIGNAL),
        task_id=str(args["signal_task_id"]) if args.get("signal_task_id") else None,
        status=status if status in ("processing", "completed", "failed") else "pending",
    )


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
