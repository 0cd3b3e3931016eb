"""The first load of a bundle, in a process of its own."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from bundle_files import Files, files_of, on_disk
from host_process import revisions_server, settings_of

from ntro_host import trial
from ntro_host.faults import BundleFaulty, Fault
from ntro_host.messages import HostSettings


def examined(root: Path, files: Files) -> dict[str, Any]:
    with revisions_server() as (stand_in, _):
        settings = HostSettings.model_validate(settings_of(stand_in, "127.0.0.1:1", root))
        return asyncio.run(trial.examine_apart(settings, *on_disk(root, files)))


def fault_of(root: Path, files: Files) -> Fault:
    with pytest.raises(BundleFaulty) as raised:
        examined(root, files)
    [fault] = raised.value.faults
    return fault


def test_describes(tmp_path: Path) -> None:
    found = examined(tmp_path, files_of(models=None, activities="print('x')\n", workflow=_WORKFLOW))
    assert found == {"steps": [], "inputSchema": None, "children": [], "activities": [], "notices": []}


_WORKFLOW = """
import threading, time
from ntro.workflow import NtroWorkflow, runbook

threading.Thread(target=time.sleep, args=(600,)).start()


@runbook.defn
class NavMonthlyWorkflow(NtroWorkflow):
    @runbook.run
    async def run(self, ctx: dict) -> None: ...
"""


def test_what_never_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trial, "LOAD_SECONDS", 0.5)
    fault = fault_of(tmp_path, files_of(models="while True: pass\n"))
    assert (fault.code, fault.message) == ("RUNBOOK_LOAD_ERROR", "Loading it took longer than 0.5 s.")


def test_what_kills_its_process(tmp_path: Path) -> None:
    fault = fault_of(tmp_path, files_of(models="import os\nos.kill(os.getpid(), 9)\n"))
    assert fault.message == "It ended the process while it was loaded (signal SIGKILL)."
