"""Files of the tenant: where they may be, and that they are whole; workbooks."""

from __future__ import annotations

import asyncio
import tempfile
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import openpyxl
import pytest
from conftest import SettingUp
from ntro.capabilities import excel, storage
from published_sdk import published

from ntro_host.corrections.storage import DRAFT, use_folder, write_beside


@pytest.fixture
def folder(host_of_acme: SettingUp, tmp_path: Path) -> Path:
    return tmp_path / "storage"


def test_what_is_written_is_read_back_by_either_path(folder: Path) -> None:
    location = asyncio.run(storage.write(path="reports/march.pdf", content=b"pdf"))
    assert location == str(folder / "reports" / "march.pdf")
    assert asyncio.run(storage.read(path="reports/march.pdf")) == b"pdf"
    # Bundles keep what `write` gave them.
    assert asyncio.run(storage.read(path=location)) == b"pdf"
    assert asyncio.run(storage.list_files("reports")) == ["reports/march.pdf"]
    assert asyncio.run(storage.list_files()) == ["reports/march.pdf"]
    with pytest.raises(FileNotFoundError, match=r"no file reports/april\.pdf"):
        asyncio.run(storage.read_file("reports/april.pdf"))


def test_tables_are_kept_as_published(folder: Path) -> None:
    written = asyncio.run(storage.write_table("lines", data=[{"n": 1}], period="2026-03"))
    assert written == {"rows_written": 1, "total_rows": 1, "path": str(folder / "lines_2026-03.json")}
    asyncio.run(storage.write_table("lines", data=[{"n": Decimal("2.50")}], period="2026-03", mode="append"))
    assert asyncio.run(storage.read_table("lines", period="2026-03")) == [{"n": 1}, {"n": "2.50"}]
    assert asyncio.run(storage.read_table("others")) == []


def test_no_path_leads_out(folder: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("other tenant's")
    folder.mkdir(parents=True)
    (folder / "way-out").symlink_to(tmp_path)
    (folder / "way-out.txt").symlink_to(secret)
    for path in ("../secret.txt", str(secret), "way-out/secret.txt", "way-out.txt", "a/../../secret.txt"):
        with pytest.raises(ValueError, match="leads out of the tenant's storage") as read:
            asyncio.run(storage.read_file(path))
        assert path in str(read.value)
        with pytest.raises(ValueError, match="leads out"):
            asyncio.run(storage.write(path=path, content=b"x"))
    for path in ("", ".", "a/.."):
        with pytest.raises(ValueError, match="no file of the tenant's storage"):
            asyncio.run(storage.write_file(path, content=b"x"))
    with pytest.raises(ValueError, match="zero byte"):
        asyncio.run(storage.write_file("a\0b", content=b"x"))
    for name, period in (("../evil", ""), (f"{tmp_path}/evil", ""), ("lines", "/../../../evil")):
        with pytest.raises(ValueError, match="leads out"):
            asyncio.run(storage.write_table(name, data=[], period=period))
        with pytest.raises(ValueError, match="leads out"):
            asyncio.run(storage.read_table(name, period=period))
    with pytest.raises(ValueError, match="leads out"):
        asyncio.run(storage.list_files(".."))
    assert secret.read_text() == "other tenant's"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["secret.txt", "storage"]


def test_the_published_storage_writes_anywhere(tmp_path: Path) -> None:
    code = f"""
    from ntro.capabilities import storage
    asyncio.run(storage.write(path="../../escaped.txt", content=b"x"))
    asyncio.run(storage.write(path={str(tmp_path / "absolute.txt")!r}, content=b"x"))
    result = "written"
    """
    environment = {"NTRO_ARTIFACTS_DIR": str(tmp_path / "artifacts"), "NTRO_TENANT_SLUG": "acme"}
    assert published(code, environment) == "written"
    assert (tmp_path / "escaped.txt").exists()
    assert (tmp_path / "absolute.txt").exists()


def test_a_file_that_cannot_be_finished_leaves_the_old_one(folder: Path) -> None:
    asyncio.run(storage.write(path="report.txt", content=b"whole"))

    def write_half(draft: Path) -> None:
        draft.write_bytes(b"ha")
        assert asyncio.run(storage.list_files()) == ["report.txt"]
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        write_beside(folder / "report.txt", write_half)
    assert (folder / "report.txt").read_bytes() == b"whole"
    assert [path.name for path in folder.iterdir() if path.name.startswith(DRAFT)] == []


def test_without_a_folder_files_are_where_they_were_published(folder: Path, tmp_path: Path) -> None:
    use_folder(None)
    assert asyncio.run(storage.write(path="a.txt", content=b"x")) == str(tmp_path / "data" / "acme" / "a.txt")


ROWS = [
    {"account": '=HYPERLINK("http://evil")', "note": "+1", "debit": Decimal("10.50"), "credit": 0},
    {"account": "-cmd", "note": "@x", "debit": 2, "credit": 12.5, "late": "=1+1"},
]


def test_text_of_people_is_no_formula(folder: Path) -> None:
    path = asyncio.run(excel.generate(data=ROWS, template="trial-balance", output_path="reports/tb.xlsx", title="=1+1"))
    assert path == str(folder / "reports" / "tb.xlsx")
    assert asyncio.run(storage.read(path=path))[:2] == b"PK"
    sheet = openpyxl.load_workbook(path).active
    assert sheet.title == "Trial Balance"
    assert [cell.value for cell in sheet[3]] == ["Account", "Note", "Debit", "Credit", "Late"]
    kinds = {cell.coordinate: (cell.value, cell.data_type) for row in sheet.iter_rows() for cell in row if cell.value}
    assert kinds["A1"] == ("=1+1", "s")
    assert kinds["A4"] == ('=HYPERLINK("http://evil")', "s")
    assert sheet["A4"].quotePrefix
    assert sheet["B5"].quotePrefix
    assert not sheet["A3"].quotePrefix
    assert kinds["E5"] == ("=1+1", "s")
    assert [cell for cell, (_, kind) in kinds.items() if kind == "f"] == ["C6", "D6"]
    assert kinds["C6"][0] == "=SUM(C4:C5)"
    assert kinds["A6"][0] == "TOTAL"
    assert (sheet["C4"].value, sheet["C4"].number_format) == (10.5, "#,##0.00")


def test_the_published_workbook_has_the_formula(tmp_path: Path) -> None:
    code = f"""
    import openpyxl
    from ntro.capabilities import excel
    path = {str(tmp_path / "a.xlsx")!r}
    asyncio.run(excel.generate(data=[{{"account": "=1+1"}}], output_path=path))
    result = openpyxl.load_workbook(path).active["A2"].data_type
    """
    assert published(code) == "f"


def test_values_that_a_cell_cannot_hold_become_text(folder: Path) -> None:
    row = {
        "id": UUID(int=7),
        "at": datetime(2026, 3, 1, tzinfo=UTC),
        "tags": ["a"],
        "text": "bell\x07",
        "none": None,
        "nan": float("nan"),
    }
    path = asyncio.run(
        excel.generate(data=[row], output_path="a.xlsx", sheet_name="Fees [2026/03]: all of the quarter")
    )
    sheet = openpyxl.load_workbook(path).active
    assert sheet.title == "Fees  2026 03   all of the quar"
    assert [cell.value for cell in sheet[2]] == [
        "00000000-0000-0000-0000-000000000007",
        "2026-03-01T00:00:00+00:00",
        "['a']",
        "bell",
        None,
        "nan",
    ]


def test_a_report_may_be_made_among_artifacts_and_temporary_files_only(folder: Path, tmp_path: Path) -> None:
    artifact = tmp_path / "artifacts" / "tb.xlsx"
    assert asyncio.run(excel.generate(data=[], output_path=str(artifact))) == str(artifact)
    with tempfile.TemporaryDirectory() as temporary:
        path = Path(temporary).resolve() / "tb.xlsx"
        assert asyncio.run(excel.generate(data=[], output_path=str(path))) == str(path)
        assert path.exists()
    for outside in ("../tb.xlsx", "/etc/tb.xlsx", "/var/lib/tb.xlsx"):
        with pytest.raises(ValueError, match="leads out"):
            asyncio.run(excel.generate(data=[], output_path=outside))
