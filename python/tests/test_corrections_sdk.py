"""Which SDK is corrected, when, and what is there afterwards."""

from __future__ import annotations

import asyncio

import pytest
from published_sdk import published
from temporalio import activity

from ntro_host.corrections import SDK_ACTIVITIES, SdkVersionError, apply_corrections
from ntro_host.corrections import published as versions


def test_refuses_another_version_and_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(versions, "version", lambda _: "0.2.0")
    with pytest.raises(SdkVersionError, match=r"corrects ntro 0\.1\.2 .* here ntro is version 0\.2\.0\. Make the"):
        apply_corrections()


def test_notices_when_the_sdk_is_shaped_otherwise() -> None:
    with pytest.raises(SdkVersionError, match=r"has no ntro\.capabilities\.excel\.no_such"):
        from ntro.capabilities import excel

        versions.replace("no_such", None, excel)


def test_applies_once() -> None:
    from ntro.capabilities import excel

    apply_corrections()
    first = excel.generate
    apply_corrections()
    assert excel.generate is first


def test_the_activities_that_are_always_there_have_their_published_names_and_types() -> None:
    from ntro.capabilities import checks
    from ntro.workflow import task

    apply_corrections()
    names = [activity._Definition.must_from_callable(each).name for each in SDK_ACTIVITIES]
    assert names == ["run_quality_check", "load_previous_task", "find_committed_document"]
    assert (
        checks.run_quality_check,
        task.load_previous_task_activity,
        task.find_committed_document_activity,
    ) == SDK_ACTIVITIES


def test_importing_loads_no_parser_and_fixes_no_exception_class() -> None:
    heavy = ["pdfplumber", "openpyxl", "asyncpg", "ntro.workflow.exceptions"]
    code = f"""
    from ntro_host.corrections import apply_corrections
    apply_corrections()
    result = [name for name in {heavy!r} if name in sys.modules]
    """
    assert published(code) == []


def test_a_submission_without_rows_is_empty() -> None:
    from ntro.ingest import IngestOutcome

    apply_corrections()
    assert IngestOutcome.from_counts(parsed_rows=0, accepted_rows=0).status == "empty"
    assert IngestOutcome.from_counts(parsed_rows=2, accepted_rows=0).status == "empty"
    assert IngestOutcome.from_counts(parsed_rows=2, accepted_rows=1, target_rows=4).status == "partial"
    assert IngestOutcome.from_counts(parsed_rows=2, accepted_rows=2).status == "success"
    code = """
    from ntro.ingest import IngestOutcome
    result = IngestOutcome.from_counts(parsed_rows=0, accepted_rows=0).status
    """
    assert published(code) == "success"


def test_a_damaged_file_ends_the_activity_and_parsing_leaves_the_loop_free() -> None:
    from ntro.capabilities import files
    from temporalio.exceptions import ApplicationError

    apply_corrections()

    async def parse_badly() -> ApplicationError:
        with pytest.raises(ApplicationError) as caught:
            await files.parse(content=b"PK no workbook", format="xlsx")
        return caught.value

    error = asyncio.run(parse_badly())
    assert (error.type, error.non_retryable) == ("DocumentUnreadable", True)
    assert error.message.startswith("The file cannot be read as a workbook:")
    with pytest.raises(ValueError, match="Unsupported format"):
        asyncio.run(files.parse(content=b"", format="docx"))  # type: ignore[arg-type]


def test_a_workbook_is_parsed_as_published() -> None:
    import io

    import openpyxl
    from ntro.capabilities import files

    apply_corrections()
    workbook = openpyxl.Workbook()
    workbook.active.append(["vendor", 12])
    content = io.BytesIO()
    workbook.save(content)
    grid = asyncio.run(files.parse(content=content.getvalue(), format="xlsx"))
    assert grid.cells == [["vendor", "12"]]
    assert grid.metadata == {"format": "xlsx", "sheets": ["Sheet"]}
