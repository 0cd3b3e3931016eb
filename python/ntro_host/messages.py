"""What supervisor and host say to each other: the shapes of ``packages/worker/src/host-messages.ts``."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter
from pydantic.alias_generators import to_camel

DIGEST_SHOWN = 12
"""How many hex digits of a revision's digest its workflow type shows."""

ALIVE_SECONDS = 5.0
"""How often the host says that its event loop turns."""

_TYPE = re.compile(r"([a-z0-9-]+)@(.+)\+([0-9a-f]{12})")


class Message(BaseModel):
    """Base of all: camel case on the channel, unknown keys are ignored."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True)


class RevisionKey(Message):
    """A revision as the server and the file system name it. ``digest`` is a whole sha256 in hex."""

    slug: str
    version: str
    digest: str

    @property
    def workflow_type(self) -> str:
        """Its Temporal workflow type: ``<slug>@<version>+<first 12 of digest>``."""
        return f"{self.slug}@{self.version}+{self.digest[:DIGEST_SHOWN]}"


class Tenant(Message):
    """Whose bundles run here."""

    id: str
    slug: str


class Temporal(Message):
    """Where Temporal is: ``host:port`` and a namespace."""

    address: str
    namespace: str


class PythonSettings(Message):
    """What only a Python host needs."""

    environment: str
    """Of its queue: ``base``, or 12 hex digits."""
    site: str | None
    """Folder of the packages that the environment adds to the base; None where it adds none."""
    author_key: str
    """A key of role ``author`` for this tenant, for what author code asks and tells the server."""
    variables: dict[str, str]
    """Variables for author code; they go over all others."""


class Repair(Message):
    """An execution that goes on with the code of another revision than the one it started with."""

    workflow_id: str
    number: int
    """Counts the repairs of this execution from 1."""
    type: str
    """Workflow type of the revision whose code it runs."""


class HostSettings(Message):
    """Everything a host is told about its tenant; secrets included, so it is never logged."""

    tenant: Tenant
    server: str
    """Such as ``http://127.0.0.1:3000/v1``."""
    key: str
    database_url: str
    temporal: Temporal
    queue: str
    workflows: str
    """Where revisions are installed: ``<workflows>/<tenant>/<slug>/<version>/<digest>/``."""
    storage: str
    """The tenant's folder for files that tasks make."""
    repairs: list[Repair]
    """Those in force at the start; see :class:`AllRepairs`."""
    python: PythonSettings


class Start(Message):
    """The first message."""

    type: Literal["start"]
    settings: HostSettings


class Prepare(Message):
    """Make a deployment ready."""

    type: Literal["prepare"]
    deployment_id: str
    revision: RevisionKey
    dry_run: bool = False
    """Only tell whether it could be made ready; migrate and keep nothing."""


class Rest(Message):
    """Nobody needs this host now: say :class:`Idle` when no activity is under way."""

    type: Literal["rest"]


class AllRepairs(Message):
    """All repairs in force, in place of those told before; what signals in a history have told since stays."""

    type: Literal["repairs"]
    repairs: list[Repair]


class Replay(Message):
    """Try an execution's history on the code of a revision, report it, then say :class:`Replayed`."""

    type: Literal["replay"]
    id: str
    workflow_id: str
    workflow_type: str
    """Of the revision whose code is tried."""


class Drain(Message):
    """Finish what is under way, then exit."""

    type: Literal["drain"]


ToHost = Annotated[Start | Prepare | AllRepairs | Replay | Rest | Drain, Field(discriminator="type")]
"""Supervisor to host."""

TO_HOST: TypeAdapter[Start | Prepare | AllRepairs | Replay | Rest | Drain] = TypeAdapter(ToHost)


class Running(Message):
    """Revisions are being served."""

    type: Literal["running"] = "running"


class Alive(Message):
    """The event loop turns; told every :data:`ALIVE_SECONDS`."""

    type: Literal["alive"] = "alive"


class Prepared(Message):
    """A deployment was reported to the server, as ready or failed."""

    type: Literal["prepared"] = "prepared"
    deployment_id: str


class Replayed(Message):
    """A replay was reported, or could not be: what still waits is asked for again."""

    type: Literal["replayed"] = "replayed"
    id: str


class Idle(Message):
    """It was asked to rest, and no activity is under way."""

    type: Literal["idle"] = "idle"


FromHost = Running | Alive | Prepared | Replayed | Idle
"""Host to supervisor."""


def parse_workflow_type(workflow_type: str) -> tuple[str, str, str] | None:
    """Slug, version and shown digest of a workflow type; None when it is not one of ours. A version may hold a ``+``."""
    match = _TYPE.fullmatch(workflow_type)
    return (match[1], match[2], match[3]) if match else None
