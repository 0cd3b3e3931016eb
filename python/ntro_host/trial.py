"""Has a bundle examined in a process of its own, within a time limit."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from pathlib import Path
from typing import Any

from .examine import BEGUN, Examination
from .faults import BundleFaulty, Fault
from .messages import HostSettings, RevisionKey

LOAD_SECONDS = 10.0
"""How long a bundle's top-level code may take."""
_START_SECONDS = 60.0
_END_SECONDS = 10.0

_HINT = "Top-level code runs whenever the bundle is loaded: move side effects into activities."


async def examine_apart(settings: HostSettings, key: RevisionKey, folder: Path) -> dict[str, Any]:
    """
    What a bundle that lies in ``folder`` is (``Described``).

    :raises BundleFaulty: with everything that is wrong, or how its process ended
    :raises OSError: when no process can be started
    """
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "ntro_host.examine"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        limit=16 * 1024 * 1024,
    )
    try:
        request = Examination(settings=settings, key=key, folder=str(folder))
        told = await _ask(process, request.model_dump_json(by_alias=True).encode())
        ended = await asyncio.wait_for(process.wait(), _END_SECONDS)
    except TimeoutError:
        raise _faulty(f"Loading it took longer than {LOAD_SECONDS:g} s.") from None
    finally:
        # Not a process that is just ending: killing it would lose how it ended.
        if process.returncode is None:
            process.kill()
            await process.wait()
    if not told:
        raise _faulty(f"It ended the process while it was loaded ({_how(ended)}).")
    answer = json.loads(told)
    if "faults" in answer:
        raise BundleFaulty([Fault.model_validate(fault) for fault in answer["faults"]])
    described: dict[str, Any] = answer["described"]
    return described


async def _ask(process: asyncio.subprocess.Process, request: bytes) -> bytes:
    assert process.stdin is not None and process.stdout is not None
    process.stdin.write(request)
    process.stdin.close()
    begun = await asyncio.wait_for(process.stdout.read(len(BEGUN)), _START_SECONDS)
    if begun != BEGUN:
        raise RuntimeError("The process that loads bundles cannot start.")
    return await asyncio.wait_for(process.stdout.read(), LOAD_SECONDS)


def _how(returncode: int) -> str:
    return f"signal {signal.Signals(-returncode).name}" if returncode < 0 else f"exit code {returncode}"


def _faulty(message: str) -> BundleFaulty:
    return BundleFaulty([Fault(code="RUNBOOK_LOAD_ERROR", message=message, path="templates/workflow.py", hint=_HINT)])
