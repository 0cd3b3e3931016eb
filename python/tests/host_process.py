"""A host as its supervisor sees it, and the server as the host sees it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote
from uuid import uuid4

from bundle_files import Files, archive_of
from http_stand_in import Answer, Request, StandIn, serving

QUEUE = "ntro/acme/py-base"
WITHIN_S = 60.0
Json = dict[str, Any]


@dataclass
class Revisions:
    """What the stand-in server has, and what it was told."""

    by_type: dict[str, Json] = field(default_factory=dict)
    deployments: dict[str, list[Json]] = field(default_factory=dict)
    reports: list[Json] = field(default_factory=list)
    replays: dict[str, Json] = field(default_factory=dict)
    away: bool = False

    def add(self, files: Files, *, slug: str = "nav-monthly", version: str = "0.1.0") -> tuple[str, Json]:
        """Takes a bundle; gives its workflow type and its name."""
        archive, digest = archive_of(files)
        key = {"slug": slug, "version": version, "digest": digest}
        workflow_type = f"{slug}@{version}+{digest[:12]}"
        self.by_type[workflow_type] = {**key, "language": "python", "archive": archive, "build": None}
        return workflow_type, key

    def of(self, workflow_id: str, *kinds: str) -> list[Json]:
        """The reports of one execution, of some kinds."""
        return [r for r in self.reports if r["workflow_id"] == workflow_id and (not kinds or r["kind"] in kinds)]

    def answer(self, request: Request) -> Answer:
        """As the server does."""
        if self.away:
            return Answer("", 503)
        if request.path.startswith("/v1/internal/tenants/acme/revisions/"):
            found = self.by_type.get(unquote(request.path.rpartition("/")[2]))
            return Answer(found) if found else Answer({"code": "VERSION_NOT_FOUND", "message": "No."}, 404)
        body: Json = json.loads(request.body)
        if request.path == "/v1/internal/reports":
            self.reports += body["reports"]
        elif request.path.startswith("/v1/internal/replays/"):
            self.replays[request.path.rpartition("/")[2]] = body
        else:
            self.deployments.setdefault(request.path.rpartition("/")[2], []).append(body)
        return Answer({"ok": True})


@contextmanager
def revisions_server() -> Iterator[tuple[StandIn, Revisions]]:
    """A server with no revisions yet."""
    revisions = Revisions()
    with serving(revisions.answer) as stand_in:
        yield stand_in, revisions


def settings_of(stand_in: StandIn, temporal: str, root: Path, **variables: str) -> Json:
    """The settings of a host of tenant ``acme``."""
    return {
        "tenant": {"id": "5f0c5c0e-8a4f-4d0e-9d5c-0d2c1b1f3a10", "slug": "acme"},
        "server": f"{stand_in.url}/v1",
        "key": "host-key",
        "databaseUrl": "postgresql://nobody@127.0.0.1:1/none",
        "temporal": {"address": temporal, "namespace": "default"},
        "queue": QUEUE,
        "workflows": str(root / "workflows"),
        "storage": str(root / "storage/acme"),
        "repairs": [],
        "python": {"environment": "base", "site": None, "authorKey": "author-key", "variables": variables},
    }


class HostProcess:
    """Started by its constructor; ended by :meth:`kill` or :meth:`drain`."""

    def __init__(self, settings: Json) -> None:
        source = Path(__file__).resolve().parents[1]
        environment = {"PATH": os.environ.get("PATH", ""), "PYTHONPATH": str(source)}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "ntro_host"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
        )
        self._messages: list[Json] = []
        self.log: list[str] = []
        self._changed = threading.Condition()
        threading.Thread(target=self._read, daemon=True).start()
        threading.Thread(target=self._read_log, daemon=True).start()
        self.send({"type": "start", "settings": settings})
        self.wait_for(lambda message: message["type"] == "running")

    def send(self, message: Json) -> None:
        """To the host."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(message).encode() + b"\n")
        self._process.stdin.flush()

    def prepare(self, key: Json, dry_run: bool = False) -> str:
        """Has a deployment prepared, or only tried; gives its id once the host says so."""
        deployment = str(uuid4())
        self.send({"type": "prepare", "deploymentId": deployment, "revision": key, "dryRun": dry_run})
        self.wait_for(lambda message: message.get("deploymentId") == deployment)
        return deployment

    def replay(self, workflow_id: str, workflow_type: str) -> str:
        """Has a history tried on a revision; gives the replay's id once the host says so."""
        replay = str(uuid4())
        self.send({"type": "replay", "id": replay, "workflowId": workflow_id, "workflowType": workflow_type})
        self.wait_for(lambda message: message["type"] == "replayed" and message["id"] == replay)
        return replay

    def wait_for(self, wanted: Callable[[Json], bool]) -> None:
        """Returns when the host has sent a message."""
        with self._changed:
            seen = self._changed.wait_for(
                lambda: any(map(wanted, self._messages)) or self._process.poll() is not None, WITHIN_S
            )
        assert seen and any(map(wanted, self._messages)), "\n".join(self.log)

    def has_said(self, kind: str) -> bool:
        """Whether the host has sent a message of a type."""
        with self._changed:
            return any(message["type"] == kind for message in self._messages)

    def kill(self) -> None:
        """SIGKILL."""
        self._process.kill()
        self._process.wait()

    def drain(self) -> int:
        """Gives the exit code."""
        self.send({"type": "drain"})
        return self._process.wait(WITHIN_S)

    def lose_supervisor(self) -> int:
        """Closes the channel; gives the exit code."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        return self._process.wait(WITHIN_S)

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            with self._changed:
                self._messages.append(json.loads(line))
                self._changed.notify_all()
        with self._changed:
            self._process.wait()
            self._changed.notify_all()

    def _read_log(self) -> None:
        assert self._process.stderr is not None
        for line in self._process.stderr:
            self.log.append(line.decode().rstrip())


def eventually(what: Callable[[], object]) -> None:
    """Returns as soon as something is so."""
    end = time.monotonic() + WITHIN_S
    while not what():
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.02)
