"""Mail, sent to a server of the test."""

from __future__ import annotations

import asyncio
import email as mail
import socketserver
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

import pytest
from conftest import SettingUp
from ntro.capabilities import email
from published_sdk import published
from temporalio.exceptions import ApplicationError


@contextmanager
def mail_server() -> Iterator[tuple[int, list[str]]]:
    """A server without TLS, as on a machine of one's own; gives its port and what it received."""
    received: list[str] = []

    class Session(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self._say("220 here")
            while line := self.rfile.readline().decode().strip():
                command = line.split()[0].upper()
                if command == "DATA":
                    self._say("354 go on")
                    lines = []
                    while (text := self.rfile.readline().decode().rstrip("\r\n")) != ".":
                        lines.append(text)
                    received.append("\n".join(lines))
                self._say("221 bye" if command == "QUIT" else "250 ok")
                if command == "QUIT":
                    return

        def _say(self, line: str) -> None:
            self.wfile.write(f"{line}\r\n".encode())

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Session) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server.server_address[1], received
        finally:
            server.shutdown()
            thread.join()


def test_a_mail_has_an_id_and_its_link(host_of_acme: SettingUp) -> None:
    with mail_server() as (port, received):
        host_of_acme(
            EMAIL_SMTP_HOST="127.0.0.1", EMAIL_SMTP_PORT=str(port), EMAIL_FROM_ADDRESS="Acme <books@acme.example>"
        )
        sent = asyncio.run(
            email.send(
                to="client@example.com",
                cc=["b@example.com"],
                subject="March",
                body="<html><body>Please</body></html>",
                upload_link="http://up/?a=1&b=2",
                html=True,
            )
        )
    message = mail.message_from_string(received[0])
    assert sent == {
        "status": "sent",
        "recipients": ["client@example.com", "b@example.com"],
        "message_id": message["Message-ID"],
    }
    assert sent["message_id"].endswith("@acme.example>")
    assert (message["To"], message["Cc"], message["Subject"]) == ("client@example.com", "b@example.com", "March")
    assert message.get_content_type() == "text/html"
    body = message.get_payload(decode=True).decode()
    assert '<a href="http://up/?a=1&amp;b=2">http://up/?a=1&amp;b=2</a></p></body></html>' in body


def test_the_published_function_refuses_a_server_without_tls() -> None:
    with mail_server() as (port, received):
        code = """
        from ntro.capabilities import email
        result = outcome(lambda: email.send(to="a@example.com", subject="s", body="b"))
        """
        environment = {"EMAIL_SMTP_HOST": "127.0.0.1", "EMAIL_SMTP_PORT": str(port), "EMAIL_FROM_ADDRESS": "a@b.c"}
        assert str(published(code, environment)).startswith("SMTPNotSupportedError")
    assert received == []


def test_without_a_mail_server_it_says_what_to_set(host_of_acme: SettingUp) -> None:
    with pytest.raises(
        ApplicationError, match=r"set EMAIL_SMTP_HOST .* `ntro tenant secret set <name> --tenant acme`"
    ) as caught:
        asyncio.run(email.send(to="a@example.com", subject="s", body="b"))
    assert (caught.value.type, caught.value.non_retryable) == ("EmailNotConfigured", True)


def test_no_header_can_be_smuggled_in(host_of_acme: SettingUp) -> None:
    host_of_acme(EMAIL_SMTP_HOST="127.0.0.1", EMAIL_FROM_ADDRESS="a@b.example")
    with pytest.raises(ValueError, match="linefeed"):
        asyncio.run(email.send(to="a@example.com", subject="s\nBcc: x@example.com", body="b"))
