"""From a revision's archive to a folder on disk."""

from __future__ import annotations

import errno
import hashlib
import shutil
import uuid
from pathlib import Path, PurePosixPath

from pydantic import BaseModel, ConfigDict, ValidationError

from .faults import BundleFaulty, Fault
from .messages import RevisionKey

_FORMAT = "ntro-bundle/1"


class RevisionContent(BaseModel):
    """A revision as the server gives it; ``archive`` is the canonical JSON text that ``packages/bundle/src/archive.ts`` packs."""

    slug: str
    version: str
    digest: str
    language: str
    archive: str

    @property
    def key(self) -> RevisionKey:
        """Its name."""
        return RevisionKey(slug=self.slug, version=self.version, digest=self.digest)


class _Archive(BaseModel):
    model_config = ConfigDict(extra="forbid")

    format: str
    files: dict[str, str]


class DigestMismatch(Exception):
    """The archive is not the one that its name says; nothing was written."""


def revision_dir(workflows: str, tenant_slug: str, key: RevisionKey) -> Path:
    """Where a revision is installed."""
    return Path(workflows) / tenant_slug / key.slug / key.version / key.digest


def install(target: Path, content: RevisionContent) -> None:
    """
    Puts a revision on disk unless it is there: written beside, then renamed, so a folder that is there is whole. Whoever comes second to the rename
    takes what is there.

    :raises DigestMismatch: when the archive's sha256 is not ``content.digest``
    :raises BundleFaulty: when the archive is not of the known format or holds an unsafe path
    :raises OSError: the file system's own
    """
    if target.exists():
        return
    files = unpack(content)
    beside = target.parent / f".{uuid.uuid4()}"
    try:
        beside.mkdir(parents=True)
        for path, text in files.items():
            file = beside / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8", newline="")
        _rename(beside, target)
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def unpack(content: RevisionContent) -> dict[str, str]:
    """The files in an archive, by path; checked as if it came from a stranger. Raises as :func:`install` does."""
    if hashlib.sha256(content.archive.encode()).hexdigest() != content.digest:
        raise DigestMismatch(
            f"The archive of {content.slug}@{content.version} does not have the digest it is named by."
        )
    try:
        archive = _Archive.model_validate_json(content.archive)
    except ValidationError as error:
        raise _unusable("it is not of the format " + _FORMAT) from error
    if archive.format != _FORMAT:
        raise _unusable("it is not of the format " + _FORMAT)
    for path in archive.files:
        if not _is_safe(path):
            raise _unusable(f"the path {path!r} is not safe")
    return archive.files


def _rename(beside: Path, target: Path) -> None:
    try:
        beside.rename(target)
    except OSError as error:
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
            raise


def _is_safe(path: str) -> bool:
    parts = PurePosixPath(path).parts
    return (
        bool(parts)
        and path == "/".join(parts)
        and "\\" not in path
        and "\0" not in path
        and not {"..", ".", "/"} & set(parts)
    )


def _unusable(reason: str) -> BundleFaulty:
    message = f"The archive cannot be used: {reason}."
    return BundleFaulty([Fault(code="ARCHIVE_INVALID", message=message, path="")])
