"""What a bundle is, beyond its files."""

from __future__ import annotations

from pathlib import Path

import pytest
from bundle_files import MODELS, WORKFLOW, Files, files_of, on_disk

from ntro_host.describe import Described, describe
from ntro_host.loading import load_bundle
from ntro_host.sandbox_fit import why_not_sandboxed


def described(root: Path, files: Files) -> Described:
    return describe(load_bundle(*on_disk(root, files)), [])


def test_steps_input_and_activities(tmp_path: Path) -> None:
    found = described(tmp_path, files_of())
    assert found.steps == [{"id": "compute", "title": "Compute", "icon": "Sum"}]
    assert found.activities == ["in_thread", "nav.compute"]
    assert found.children == []
    assert found.notices == []
    assert found.inputSchema is not None
    assert set(found.inputSchema["properties"]) == {"period", "amount"}
    assert found.inputSchema["required"] == ["period"]


def test_inherited_steps_come_first(tmp_path: Path) -> None:
    base = """
class Base(NtroWorkflow):
    @runbook.step(name="open", title="Open")
    async def _open(self) -> None: ...


@runbook.defn
class NavMonthlyWorkflow(Base):"""
    text = WORKFLOW.replace("@runbook.defn\nclass NavMonthlyWorkflow(NtroWorkflow):", base)
    assert [step["id"] for step in described(tmp_path, files_of(workflow=text)).steps] == ["open", "compute"]


def test_steps_of_the_frontmatter_where_the_code_has_none(tmp_path: Path) -> None:
    text = WORKFLOW.replace('    @runbook.step(name="compute", title="Compute", icon="Sum")\n', "")
    front = "---\nslug: nav-monthly\nsteps:\n  - id: a\n    label: First\n  - id: b\n---\n"
    found = described(tmp_path, files_of(workflow=text, runbook=front))
    assert found.steps == [{"id": "a", "title": "First"}, {"id": "b", "title": "b"}]


def test_a_declared_config_schema_counts_instead_of_the_code(tmp_path: Path) -> None:
    front = "---\nslug: nav-monthly\nconfig_schema:\n  global:\n    period:\n      type: string\n---\n"
    assert described(tmp_path, files_of(runbook=front)).inputSchema is None


@pytest.mark.parametrize("annotation", ["dict", "dict[str, object]", "Any", "dict | None", "object", "str"])
def test_input_of_any_shape(tmp_path: Path, annotation: str) -> None:
    text = "from typing import Any\n" + WORKFLOW.replace(
        "ctx: Ctx) -> Out:\n        out", f"ctx: {annotation}) -> Out:\n        out"
    )
    text = "from __future__ import annotations\n" + text.replace("from __future__ import annotations", "")
    assert described(tmp_path, files_of(workflow=text)).inputSchema is None


def test_a_model_that_names_itself(tmp_path: Path) -> None:
    models = "from __future__ import annotations\n" + MODELS.replace(
        "amount: int = 3", "amount: int = 3\n    parent: Ctx | None = None"
    )
    schema = described(tmp_path, files_of(models=models)).inputSchema
    assert schema is not None
    assert set(schema["properties"]) == {"period", "amount", "parent"}
    assert "Ctx" in schema["$defs"]


def test_names_that_nothing_defines(tmp_path: Path) -> None:
    files = files_of(more="workflow.logger.info('x') if out is None else print(len([y for y in ()]))")
    [notice] = described(tmp_path, files).notices
    number = (
        files["templates/workflow.py"]
        .split("\n")
        .index(next(x for x in files["templates/workflow.py"].split("\n") if "logger" in x))
        + 1
    )
    assert notice == (
        f"templates/workflow.py:{number} uses `workflow`, which nothing defines: code that comes there stops with a NameError."
    )


def test_fits_the_sandbox(tmp_path: Path) -> None:
    assert why_not_sandboxed(load_bundle(*on_disk(tmp_path, files_of()))) is None


@pytest.mark.parametrize(
    ("imports", "use", "name"),
    [
        ("import datetime", "datetime.datetime.now()", "datetime.datetime.now"),
        ("from datetime import date", "date.today()", "datetime.date.today"),
        ("from uuid import uuid4", "uuid4()", "uuid.uuid4"),
        ("import os", "os.environ.get('X')", "os.environ.get"),
        ("import random", "[random.random() for _ in ()]", "random.random"),
        ("", "open('x')", "open"),
        ("import time", "self.later()", "time.time"),
        ("", "import os\n        os.getenv('X')", "os.getenv"),
        ("", "from datetime import timezone, datetime as d\n        d.now()", "datetime.datetime.now"),
        ("", "from random import choice, random\n        random()", "random.random"),
        ("", "import os.path\n        os.path.exists('x')", "os.path.exists"),
    ],
)
def test_calls_that_the_sandbox_refuses(tmp_path: Path, imports: str, use: str, name: str) -> None:
    text = WORKFLOW.replace("from datetime import timedelta", f"from datetime import timedelta\n{imports}").replace(
        "# more", use
    )
    text += (
        "\n    def later(self) -> float:\n        return _later()\n\n\ndef _later() -> float:\n    return time.time()\n"
    )
    if "import time" not in text:
        text = text.replace("time.time()", "1.0")
    reason = why_not_sandboxed(load_bundle(*on_disk(tmp_path, files_of(workflow=text))))
    assert reason is not None
    assert reason.startswith(f"its workflow code uses {name} (templates/workflow.py:")


def test_what_activities_do_is_their_own(tmp_path: Path) -> None:
    # The activities read the clock and files.
    bundle = load_bundle(*on_disk(tmp_path, files_of(more="await runbook.execute_activity(in_thread, 1.0)")))
    assert why_not_sandboxed(bundle) is None


def test_an_import_that_the_sandbox_refuses(tmp_path: Path) -> None:
    models = MODELS + "\nimport datetime\n\nTODAY = datetime.date.today()\n"
    reason = why_not_sandboxed(load_bundle(*on_disk(tmp_path, files_of(models=models))))
    assert reason is not None
    assert "RestrictedWorkflowAccessError" in reason
    assert "templates/models.py:" in reason
