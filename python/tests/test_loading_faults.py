"""What is wrong with a bundle, in Python's own words, with file and line."""

from __future__ import annotations

from pathlib import Path

import pytest
from bundle_files import ACTIVITIES, MODELS, WORKFLOW, Files, files_of, on_disk

from ntro_host.describe import describe
from ntro_host.faults import BundleFaulty, Fault
from ntro_host.loading import load_bundle, workflow_class_name


def faults_of(root: Path, files: Files, slug: str = "nav-monthly") -> list[Fault]:
    with pytest.raises(BundleFaulty) as raised:
        describe(load_bundle(*on_disk(root, files, slug=slug)), [])
    return list(raised.value.faults)


def only(root: Path, files: Files) -> Fault:
    [fault] = faults_of(root, files)
    return fault


def line(text: str, fragment: str) -> int:
    return next(number for number, each in enumerate(text.split("\n"), 1) if fragment in each)


def test_an_import_that_fails(tmp_path: Path) -> None:
    text = WORKFLOW.replace("from .models", "from .modelz")
    fault = only(tmp_path, files_of(workflow=text))
    assert fault.code == "WORKFLOW_PY_IMPORT_ERROR"
    assert (fault.path, fault.line) == ("templates/workflow.py", line(text, "modelz"))
    assert fault.source == "from .modelz import Ctx, Out"
    assert fault.message == "ModuleNotFoundError: No module named 'templates.modelz'"
    assert "requirements.txt" in (fault.hint or "")


def test_a_name_that_is_not_there(tmp_path: Path) -> None:
    text = WORKFLOW.replace("import Ctx, Out", "import Ctx, Nothing as Out")
    fault = only(tmp_path, files_of(workflow=text))
    assert fault.message == "ImportError: cannot import name 'Nothing' from 'templates.models' (templates/models.py)"


def test_a_syntax_error(tmp_path: Path) -> None:
    text = WORKFLOW.replace("async def run(", "async def run((")
    fault = only(tmp_path, files_of(workflow=text))
    assert fault.code == "WORKFLOW_PY_IMPORT_ERROR"
    assert (fault.path, fault.line) == ("templates/workflow.py", line(text, "run(("))
    assert fault.message.startswith("SyntaxError: ")
    assert fault.column


def test_a_fault_of_the_models_is_told_once(tmp_path: Path) -> None:
    text = MODELS + "\nraise KeyError('rent')\n"
    fault = only(tmp_path, files_of(models=text))
    assert fault.code == "MODELS_PY_IMPORT_ERROR"
    assert (fault.path, fault.line) == ("templates/models.py", line(text, "raise"))
    assert fault.message == "KeyError: 'rent'"


def test_activities_that_fail(tmp_path: Path) -> None:
    text = ACTIVITIES + "\nopen('/not/there')\n"
    fault = only(tmp_path, files_of(activities=text))
    assert fault.code == "ACTIVITIES_PY_IMPORT_ERROR"
    assert (fault.path, fault.line) == ("templates/activities.py", line(text, "/not/there"))


def test_code_that_ends_the_process(tmp_path: Path) -> None:
    fault = only(tmp_path, files_of(models="import sys\nsys.exit(3)\n"))
    assert (fault.code, fault.message, fault.line) == ("MODELS_PY_IMPORT_ERROR", "SystemExit: 3", 2)


def test_files_that_are_missing(tmp_path: Path) -> None:
    faults = faults_of(tmp_path, files_of(activities=None, workflow=None))
    assert [fault.code for fault in faults] == ["ACTIVITIES_PY_MISSING", "WORKFLOW_PY_MISSING"]


def test_a_class_by_another_name(tmp_path: Path) -> None:
    text = WORKFLOW.replace("NavMonthlyWorkflow", "NavWorkflow")
    fault = only(tmp_path, files_of(workflow=text))
    assert fault.code == "WORKFLOW_CLASS_NOT_FOUND"
    assert fault.message == (
        "There is no class NavMonthlyWorkflow, which the slug nav-monthly asks for; the file has NavWorkflow."
    )
    assert (fault.line, fault.source) == (line(text, "class Nav"), "class NavWorkflow(NtroWorkflow):")


def test_no_class(tmp_path: Path) -> None:
    fault = only(tmp_path, files_of(workflow="x = 1\n"))
    assert fault.code == "WORKFLOW_CLASS_NOT_FOUND"
    assert fault.message.endswith("the file has no class.")


def test_a_class_without_its_mark(tmp_path: Path) -> None:
    text = WORKFLOW.replace("@runbook.defn\n", "")
    fault = only(tmp_path, files_of(workflow=text))
    assert (fault.code, fault.line) == ("WORKFLOW_DEFN_MISSING", line(text, "class Nav"))


def test_a_class_without_run(tmp_path: Path) -> None:
    text = WORKFLOW.replace("    @runbook.run\n", "")
    fault = only(tmp_path, files_of(workflow=text))
    assert fault.code == "WORKFLOW_DEFN_MISSING"
    assert "@runbook.run" in fault.message
    assert fault.path == "templates/workflow.py"


def test_an_annotation_that_means_nothing(tmp_path: Path) -> None:
    text = WORKFLOW.replace("run(self, ctx: Ctx)", "run(self, ctx: Nothing)")
    fault = only(tmp_path, files_of(workflow=text))
    assert fault.code == "WORKFLOW_PY_IMPORT_ERROR"
    assert fault.message == "NameError: name 'Nothing' is not defined"
    assert (fault.path, fault.line, fault.hint) == (
        "templates/workflow.py",
        line(text, "ctx: Nothing"),
        "An annotation names something that does not exist when the file is loaded.",
    )


def test_an_annotation_without_schema(tmp_path: Path) -> None:
    text = WORKFLOW.replace("run(self, ctx: Ctx)", "run(self, ctx: Odd)").replace(
        "\n\n@runbook.defn", "\n\nclass Odd: ...\n\n\n@runbook.defn"
    )
    fault = only(tmp_path, files_of(workflow=text))
    assert (fault.code, fault.path) == ("RUNBOOK_DEFINITION_INVALID", "templates/workflow.py")
    assert fault.line == line(text, "ctx: Odd")
    assert fault.message.startswith("The input of NavMonthlyWorkflow has no schema: ")
    assert "<class 'templates.workflow.Odd'>" in fault.message
    assert "\n" not in fault.message
    assert fault.hint == "Annotate the input with a pydantic model, a dataclass or dict."


def test_a_run_with_two_arguments(tmp_path: Path) -> None:
    text = WORKFLOW.replace("run(self, ctx: Ctx)", "run(self, ctx: Ctx, more: str)")
    fault = only(tmp_path, files_of(workflow=text))
    assert (fault.code, fault.line) == ("RUNBOOK_DEFINITION_INVALID", line(text, "async def run("))


def test_two_activities_of_one_name(tmp_path: Path) -> None:
    text = ACTIVITIES + '\n\n@activity.defn(name="nav.compute")\nasync def again(ctx: Ctx) -> Out: ...\n'
    fault = only(tmp_path, files_of(activities=text))
    assert (fault.code, fault.line) == ("RUNBOOK_DEFINITION_INVALID", line(text, "def again"))
    assert f"templates/activities.py:{line(text, 'def compute')}" in fault.message


def test_a_subledger_that_fails(tmp_path: Path) -> None:
    fault = only(tmp_path, files_of() | {"subledgers/rents.py": "from ntro.subledger import nothing\n"})
    assert (fault.code, fault.path, fault.line) == ("RUNBOOK_LOAD_ERROR", "subledgers/rents.py", 1)


def test_everything_at_once(tmp_path: Path) -> None:
    files = files_of(models="class", activities="1 / 0\n", workflow="x = 1\n")
    assert [fault.code for fault in faults_of(tmp_path, files)] == [
        "MODELS_PY_IMPORT_ERROR",
        "ACTIVITIES_PY_IMPORT_ERROR",
        "WORKFLOW_CLASS_NOT_FOUND",
    ]


@pytest.mark.parametrize(
    ("slug", "name"),
    [("nav-monthly", "NavMonthlyWorkflow"), ("expense-processor", "ExpenseProcessorWorkflow"), ("a", "AWorkflow")],
)
def test_class_names(slug: str, name: str) -> None:
    assert workflow_class_name(slug) == name
