"""From archive to disk."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from bundle_files import Files, archive_of, files_of

from ntro_host.faults import BundleFaulty
from ntro_host.install import DigestMismatch, RevisionContent, install, revision_dir


def content(files: Files, **changed: str) -> RevisionContent:
    archive, digest = archive_of(files)
    fields = {"slug": "nav-monthly", "version": "0.1.0", "digest": digest, "language": "python", "archive": archive}
    return RevisionContent.model_validate({**fields, **changed})


def test_writes_every_file_as_it_is(tmp_path: Path) -> None:
    files = files_of() | {"migrations/001_a.sql": "select 1;\r\n-- ü\n"}
    revision = content(files)
    target = revision_dir(str(tmp_path), "acme", revision.key)
    install(target, revision)
    assert target == tmp_path / "acme/nav-monthly/0.1.0" / revision.digest
    found = {p.relative_to(target).as_posix(): p.read_bytes().decode() for p in target.rglob("*") if p.is_file()}
    assert found == files
    assert [p.name for p in target.parent.iterdir()] == [revision.digest]


def test_what_is_there_stays(tmp_path: Path) -> None:
    revision = content(files_of())
    target = tmp_path / revision.digest
    install(target, revision)
    (target / "mark").write_text("x")
    install(target, revision)
    assert (target / "mark").exists()


def test_refuses_another_content(tmp_path: Path) -> None:
    with pytest.raises(DigestMismatch):
        install(tmp_path / "a", content(files_of(), digest="0" * 64))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("path", ["../x.py", "/x.py", "templates//x.py", "templates/./x.py", "a\\b", "a\0b", ""])
def test_refuses_paths_that_lead_elsewhere(tmp_path: Path, path: str) -> None:
    with pytest.raises(BundleFaulty) as raised:
        install(tmp_path / "a", content({**files_of(), path: "x"}))
    assert raised.value.faults[0].code == "ARCHIVE_INVALID"
    assert list(tmp_path.iterdir()) == []


def test_refuses_another_format(tmp_path: Path) -> None:
    import hashlib

    archive = json.dumps({"format": "other/1", "files": {}})
    digest = hashlib.sha256(archive.encode()).hexdigest()
    with pytest.raises(BundleFaulty):
        install(tmp_path / "a", content({}, archive=archive, digest=digest))
