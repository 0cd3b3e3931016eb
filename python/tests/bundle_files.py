"""Bundles for tests of the host: their files, on disk and as archives."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from textwrap import dedent

from ntro_host.messages import RevisionKey

Files = dict[str, str]

MODELS = """
from pydantic import BaseModel


class Ctx(BaseModel):
    tenant_id: str = ""
    period: str
    amount: int = 3


class Out(BaseModel):
    tag: str
    total: int
"""

ACTIVITIES = """
from __future__ import annotations

import json
import time
from pathlib import Path

from ntro.workflow import activity

from .models import Ctx, Out

DATA = json.loads(Path(__file__).with_name("factor.json").read_text())


@activity.defn(name="nav.compute")
async def compute(ctx: Ctx) -> Out:
    if ctx.amount < 0:
        raise ValueError("negative amount")
    return Out(tag=DATA["tag"], total=ctx.amount * DATA["factor"])


@activity.defn
def in_thread(seconds: float) -> str:
    from temporalio import activity as temporal

    end = time.monotonic() + seconds
    while time.monotonic() < end:
        temporal.heartbeat("x")
        time.sleep(0.01)
    return "done"
"""

WORKFLOW = """
from __future__ import annotations

from datetime import timedelta

from ntro.workflow import NtroWorkflow, runbook

from .activities import compute, in_thread
from .models import Ctx, Out


@runbook.defn
class NavMonthlyWorkflow(NtroWorkflow):
    def __init__(self) -> None:
        super().__init__()
        self._go = False

    @runbook.signal
    async def go(self, payload: dict | None = None) -> None:
        self._go = True

    @runbook.step(name="compute", title="Compute", icon="Sum")
    async def _compute(self, ctx: Ctx) -> Out:
        return await runbook.execute_activity(compute, ctx, start_to_close_timeout=timedelta(seconds=30))

    @runbook.run
    async def run(self, ctx: Ctx) -> Out:
        out = await self._compute(ctx)
        # more
        return out
"""


def files_of(
    *, version: str = "0.1.0", tag: str = "one", factor: int = 7, more: str = "pass", **replaced: str | None
) -> Files:
    """
    The files of a bundle ``nav-monthly``.

    :param more: statements of run() after its activity
    :param replaced: other files by name (``workflow``, ``activities``, ``models``, ``runbook``); None leaves one out
    """
    files: dict[str, str | None] = {
        "runbook.md": f"---\nslug: nav-monthly\nname: Nav\nversion: {version}\n---\nText.\n",
        "templates/models.py": MODELS,
        "templates/activities.py": ACTIVITIES,
        "templates/workflow.py": WORKFLOW.replace("# more", more),
        "templates/factor.json": json.dumps({"tag": tag, "factor": factor}),
    }
    for name, text in replaced.items():
        path = "runbook.md" if name == "runbook" else f"templates/{name}.py"
        files[path] = None if text is None else dedent(text)
    return {path: text for path, text in files.items() if text is not None}


def archive_of(files: Files) -> tuple[str, str]:
    """The canonical archive of files, and its digest."""
    members = ",".join(f"{_json(path)}:{_json(files[path])}" for path in sorted(files, key=str.encode))
    archive = f'{{"format":"ntro-bundle/1","files":{{{members}}}}}'
    return archive, hashlib.sha256(archive.encode()).hexdigest()


def key_of(files: Files, *, slug: str = "nav-monthly", version: str = "0.1.0") -> RevisionKey:
    """The name of a revision with these files."""
    return RevisionKey(slug=slug, version=version, digest=archive_of(files)[1])


def on_disk(root: Path, files: Files, *, slug: str = "nav-monthly", version: str = "0.1.0") -> tuple[RevisionKey, Path]:
    """Writes a bundle's files below ``root``; gives its name and folder."""
    key = key_of(files, slug=slug, version=version)
    folder = root / key.digest
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    return key, folder


def _json(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
