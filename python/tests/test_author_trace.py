"""What of a stack trace is the author's."""

from __future__ import annotations

from pathlib import Path

from temporalio.api.failure.v1 import Failure
from temporalio.contrib.pydantic import PydanticPayloadConverter
from temporalio.exceptions import ApplicationError

from ntro_host.author_trace import AuthorFailures, own_frames

CODE = """def look():
    raise ValueError("The note is unreadable.")


def by_the_rules():
    look()
"""


def installed(root: Path) -> Path:
    """A file of the author's, where revisions are installed."""
    file = root / "acme" / "nav" / "1.0.0" / ("0f" * 32) / "templates" / "activities.py"
    file.parent.mkdir(parents=True)
    file.write_text(CODE)
    return file


def failure_of(error: BaseException) -> Failure:
    failure = Failure()
    AuthorFailures().to_failure(error, PydanticPayloadConverter(), failure)
    return failure


def raised_in(file: Path) -> ValueError:
    names: dict[str, object] = {}
    exec(compile(file.read_text(), str(file), "exec"), names)
    try:
        names["by_the_rules"]()  # type: ignore[operator]
    except ValueError as error:
        return error
    raise AssertionError


def test_a_failure_shows_the_authors_files_and_lines_alone(tmp_path: Path) -> None:
    trace = failure_of(raised_in(installed(tmp_path))).stack_trace
    assert [place for _, place in own_frames(trace)] == ["templates/activities.py:6", "templates/activities.py:2"]
    assert "raise ValueError" in trace
    assert str(tmp_path) not in trace
    assert __file__ not in trace


def test_what_the_host_makes_of_an_authors_error_shows_where_that_came_from(tmp_path: Path) -> None:
    try:
        raise ApplicationError("unreadable", type="ValueError") from raised_in(installed(tmp_path))
    except ApplicationError as error:
        failure = failure_of(error)
    assert failure.message == "unreadable"
    assert own_frames(failure.stack_trace)[-1][1] == "templates/activities.py:2"


def test_a_failure_without_the_authors_frames_keeps_its_own() -> None:
    try:
        raise RuntimeError("of the host")
    except RuntimeError as error:
        assert __file__ in failure_of(error).stack_trace


def test_frames_are_told_from_others_by_the_folder_of_their_revision(tmp_path: Path) -> None:
    trace = f'  File "{tmp_path}/templates/workflow.py", line 3, in run\n    x\n\n  File "/usr/lib/python/asyncio.py", line 9, in f\n    y\n'
    assert own_frames(trace, tmp_path) == [
        ('  File "templates/workflow.py", line 3, in run\n    x', "templates/workflow.py:3")
    ]
    assert own_frames(trace) == []
    assert own_frames('  File "<frozen importlib._bootstrap>", line 1, in f\n') == []
