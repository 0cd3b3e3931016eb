"""The host's client of the server."""

from __future__ import annotations

import asyncio

import pytest
from http_stand_in import Answer, Request, serving
from services import free_port

from ntro_host.messages import HostSettings, parse_workflow_type
from ntro_host.self_check import check_packages
from ntro_host.server import Server, ServerAway, ServerRefused
from ntro_host.surroundings import variables_of

TYPE = "nav-monthly@0.1.0+0123456789ab"


def test_a_revision_is_asked_for_by_its_type() -> None:
    def answer(request: Request) -> Answer:
        fields = {"slug": "nav-monthly", "version": "0.1.0", "digest": "d", "language": "python", "archive": "{}"}
        return Answer({**fields, "build": None})

    with serving(answer) as stand_in:
        server = Server(f"{stand_in.url}/v1", "key")
        content = asyncio.run(server.revision("acme", TYPE))
        assert content.slug == "nav-monthly"
        [request] = stand_in.requests
        assert request.path == "/v1/internal/tenants/acme/revisions/nav-monthly%400.1.0%2B0123456789ab"
        assert request.headers["authorization"] == "Bearer key"


def test_asks_again_while_the_server_is_away() -> None:
    answers = [Answer("", 503), Answer("", 502), Answer({"ok": True})]
    with serving(lambda _: answers.pop(0)) as stand_in:
        asyncio.run(Server(stand_in.url, "key").deployment("d", {"status": "progress"}))
        assert [request.json() for request in stand_in.requests] == [{"status": "progress"}] * 3


def test_gives_up_in_the_end() -> None:
    server = Server(f"http://127.0.0.1:{free_port()}", "key")
    with pytest.raises(ServerAway, match="No answer from the server"):
        asyncio.run(server.revision("acme", TYPE, patience=0))


def test_a_refusal_is_not_asked_again() -> None:
    answer = Answer({"code": "DEPLOYMENT_NOT_FOUND", "message": "There is no deployment d."}, 404)
    with serving(lambda _: answer) as stand_in, pytest.raises(ServerRefused) as raised:
        asyncio.run(Server(stand_in.url, "key").deployment("d", {"status": "progress"}))
    assert raised.value.code == "DEPLOYMENT_NOT_FOUND"
    assert len(stand_in.requests) == 1


def test_survives_a_connection_that_the_server_closed() -> None:
    with serving(lambda _: Answer({"ok": True}, headers={"connection": "close"})) as stand_in:
        server = Server(stand_in.url, "key")

        async def twice() -> None:
            for _ in range(8):
                await server.report([{"kind": "code_recovered"}])

        asyncio.run(twice())
        assert len(stand_in.requests) == 8


def settings(**variables: str) -> HostSettings:
    return HostSettings.model_validate(
        {
            "tenant": {"id": "i", "slug": "acme"},
            "server": "http://127.0.0.1:1/v1",
            "key": "host-key",
            "databaseUrl": "postgresql://x",
            "temporal": {"address": "127.0.0.1:2", "namespace": "default"},
            "queue": "ntro/acme/py-base",
            "workflows": "/w",
            "storage": "/s/acme",
            "repairs": [],
            "python": {"environment": "base", "site": None, "authorKey": "author-key", "variables": variables},
        }
    )


def test_what_author_code_finds_in_the_environment() -> None:
    found = variables_of(settings(ANTHROPIC_API_KEY="a", NTRO_TENANT_SLUG="mine"))
    assert found == {
        "TEMPORAL_HOST": "127.0.0.1:2",
        "TEMPORAL_NAMESPACE": "default",
        "NTRO_TENANT_ID": "i",
        "NTRO_TENANT_SLUG": "mine",
        "NTRO_TENANT_POSTGRES_URL": "postgresql://x",
        "NTRO_WORKSPACE_API_URL": "http://127.0.0.1:1/v1",
        "NTRO_HOST": "http://127.0.0.1:1/v1",
        "NTRO_TENANT_API_URL": "http://127.0.0.1:1/v1",
        "NTRO_API_KEY": "author-key",
        "NTRO_INTERNAL_REASONING_KEY": "author-key",
        "NTRO_TASK_QUEUE": "ntro/acme/py-base",
        "NTRO_ARTIFACTS_DIR": "/s/acme/artifacts",
        "ANTHROPIC_API_KEY": "a",
    }


def test_the_packages_are_those_the_host_was_made_for(monkeypatch: pytest.MonkeyPatch) -> None:
    check_packages()
    monkeypatch.setitem(check_packages.__globals__["VERSIONS"], "temporalio", "9.9.9")
    with pytest.raises(RuntimeError, match=r"This host needs temporalio 9\.9\.9 and found 1\.35\.0\."):
        check_packages()


def test_workflow_types() -> None:
    assert parse_workflow_type("a-b@1.0.0+x+0123456789ab") == ("a-b", "1.0.0+x", "0123456789ab")
    assert parse_workflow_type("NavMonthlyWorkflow") is None
