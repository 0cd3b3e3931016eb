"""The SDK as it was published, in a process in which nothing is corrected: tests show with it that there was something to correct."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path

_FRAME = """
import asyncio, json, sys
def outcome(call):
    try:
        value = call()
        return asyncio.run(value) if asyncio.iscoroutine(value) else value
    except BaseException as error:
        return f"{type(error).__name__}: {error}"
"""


def published(code: str, environment: dict[str, str] | None = None) -> object:
    """
    Runs code that sets ``result``, something JSON can hold, and gives it. ``outcome(call)`` is there for what may raise.
    """
    program = f"{_FRAME}\n{textwrap.dedent(code)}\nprint(json.dumps(result, default=str))"
    ran = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, **(environment or {})},
        capture_output=True,
        text=True,
        cwd=Path(__file__).resolve().parents[1],
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout.splitlines()[-1])
