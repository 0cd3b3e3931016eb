"""Bundles as packages of their own."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from bundle_files import ACTIVITIES, WORKFLOW, files_of, on_disk

from ntro_host.faults import BundleFaulty
from ntro_host.loader import package_name, within
from ntro_host.loading import load_bundle
from ntro_host.subledger_types import separate_subledger_types


def test_two_versions_of_one_slug_do_not_meet(tmp_path: Path) -> None:
    one = load_bundle(*on_disk(tmp_path, files_of(tag="one")))
    two = load_bundle(*on_disk(tmp_path, files_of(version="0.2.0", tag="two"), version="0.2.0"))
    assert one.workflow is not two.workflow
    assert one.workflow.__module__ == f"{one.package}.templates.workflow"
    data = [sys.modules[f"{bundle.package}.templates.activities"].DATA["tag"] for bundle in (one, two)]
    assert data == ["one", "two"]
    assert sorted(one.activities) == ["in_thread", "nav.compute"]
    assert one.activities["nav.compute"].fn is not two.activities["nav.compute"].fn


def test_names_of_packages_tell_versions_apart(tmp_path: Path) -> None:
    key, _ = on_disk(tmp_path, files_of())
    name = package_name(key)
    assert name == f"ntro_revisions.r_nav_monthly_0_1_0_{key.digest[:12]}"
    assert name.split(".")[1].isidentifier()


@pytest.mark.parametrize(
    "imports",
    [
        "from .models import Ctx, Out",
        "from templates.models import Ctx, Out",
        "from ..templates.models import Ctx, Out",
        "import templates.models as m\nCtx, Out = m.Ctx, m.Out",
        "import json, templates.models\nCtx, Out = templates.models.Ctx, templates.models.Out",
        "from templates import models\nCtx, Out = models.Ctx, models.Out",
        "from .deeper.inner import Ctx, Out",
    ],
)
@pytest.mark.parametrize("init", [True, False])
def test_imports_between_files(tmp_path: Path, imports: str, init: bool) -> None:
    files = files_of(workflow=WORKFLOW.replace("from .models import Ctx, Out", imports))
    files["templates/deeper/inner.py"] = "from templates.models import Ctx\nfrom ..models import Out\n"
    if init:
        files["templates/__init__.py"] = '"""A package."""\n'
    bundle = load_bundle(*on_disk(tmp_path, files))
    assert vars(sys.modules[bundle.module])["Ctx"].__module__ == f"{bundle.package}.templates.models"


def test_line_numbers_stay_where_imports_are_made_relative(tmp_path: Path) -> None:
    text = "import templates.models\nx = 1\ny = (\n    1 / 0\n)\n"
    with pytest.raises(BundleFaulty) as raised:
        load_bundle(*on_disk(tmp_path, {**files_of(), "templates/activities.py": text}))
    [fault] = raised.value.faults
    assert (fault.path, fault.line, fault.source) == ("templates/activities.py", 4, "    1 / 0")


SUBLEDGER = """
from ntro.subledger import Row, register_type


@register_type("rents", owner_runbook="nav-monthly")
class RentRow(Row):
    version: str = "{version}"
"""


def test_subledger_types_belong_to_their_revision(tmp_path: Path) -> None:
    separate_subledger_types()
    from ntro.subledger.registry import TypeNotRegisteredError, all_types, lookup

    bundles = []
    for version in ("0.1.0", "0.2.0"):
        files = files_of(version=version, tag=version) | {"subledgers/rents.py": SUBLEDGER.format(version=version)}
        bundles.append(load_bundle(*on_disk(tmp_path, files, version=version)))
    for bundle, version in zip(bundles, ("0.1.0", "0.2.0"), strict=True):
        with within(bundle.package):
            assert lookup("rents").row_class.model_fields["version"].default == version
            assert {"rents", "expenses"} <= set(all_types())
    with pytest.raises(TypeNotRegisteredError):
        lookup("rents")


def test_a_bundle_that_fails_leaves_nothing(tmp_path: Path) -> None:
    key, folder = on_disk(tmp_path, files_of(workflow="raise RuntimeError('no')\n"))
    with pytest.raises(BundleFaulty):
        load_bundle(key, folder)
    assert [name for name in sys.modules if name.startswith(package_name(key))] == []
    (folder / "templates/workflow.py").write_text(WORKFLOW)
    assert load_bundle(key, folder).workflow.__name__ == "NavMonthlyWorkflow"


def test_activities_of_other_files_are_found(tmp_path: Path) -> None:
    more = ACTIVITIES + "\nfrom .more import extra\n"
    files = files_of(activities=more) | {
        "templates/more.py": "from ntro.workflow import activity\n\n\n@activity.defn\nasync def extra() -> None: ...\n"
    }
    assert "extra" in load_bundle(*on_disk(tmp_path, files)).activities
