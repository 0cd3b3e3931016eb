"""
Defects of ntro 0.1.2, ``capabilities/email.py``: ``send`` promises a message id and gives none; with HTML the upload
link is left out; a server without STARTTLS is refused, also one on this machine; the whole host stands still while a
mail server thinks; nothing configured is retried for ever.

Instead: the id is given, the link is there, TLS is used where the server offers it and demanded where a password would
be sent, and a thread does the waiting.
"""

from __future__ import annotations

import asyncio
import html as markup
import smtplib
from email.message import EmailMessage
from email.utils import formatdate, make_msgid

import ntro.capabilities.email as sdk
from ntro.capabilities import config
from temporalio.exceptions import ApplicationError

from .published import replace

TIMEOUT_S = 30.0


def apply() -> None:
    """Replaces the function that sends."""
    replace("send", send, sdk)


async def send(
    *,
    to: str | list[str],
    subject: str,
    body: str,
    upload_link: str | None = None,
    cc: str | list[str] | None = None,
    html: bool = False,
) -> dict[str, object]:
    """
    As published: sends a mail and gives ``{status, recipients, message_id}``.

    :raises ApplicationError: ``EmailNotConfigured``, never retried
    :raises ValueError: for a line break in an address or the subject
    """
    cfg = config.get()
    if not cfg.email_smtp_host or not cfg.email_from_address:
        raise ApplicationError(
            "No mail server is configured: set EMAIL_SMTP_HOST and EMAIL_FROM_ADDRESS (also EMAIL_SMTP_PORT, "
            "EMAIL_SMTP_USER, EMAIL_SMTP_PASSWORD) in the worker's environment, or with "
            f"`ntro tenant secret set <name> --tenant {cfg.tenant_slug or '<tenant>'}`.",
            type="EmailNotConfigured",
            non_retryable=True,
        )
    recipients, copies = _list(to), _list(cc)
    message = EmailMessage()
    message["Subject"] = subject
    message["From"] = cfg.email_from_address
    message["To"] = ", ".join(recipients)
    if copies:
        message["Cc"] = ", ".join(copies)
    message["Date"] = formatdate()
    message["Message-ID"] = make_msgid(domain=cfg.email_from_address.rpartition("@")[2].strip("> ") or None)
    message.set_content(_with_link(body, upload_link, html), subtype="html" if html else "plain")
    await asyncio.to_thread(_deliver, message, [*recipients, *copies])
    return {"status": "sent", "recipients": [*recipients, *copies], "message_id": message["Message-ID"]}


def _deliver(message: EmailMessage, recipients: list[str]) -> None:
    cfg = config.get()
    with smtplib.SMTP(cfg.email_smtp_host, cfg.email_smtp_port, timeout=TIMEOUT_S) as server:
        server.ehlo()
        if server.has_extn("starttls") or cfg.email_smtp_user:
            # Without looking at the certificate, as published: mail servers inside a company seldom have a public one.
            server.starttls()
            server.ehlo()
        if cfg.email_smtp_user:
            server.login(cfg.email_smtp_user, cfg.email_smtp_password)
        server.send_message(message, cfg.email_from_address, recipients)


def _with_link(body: str, link: str | None, html: bool) -> str:
    if not link:
        return body
    if not html:
        return f"{body}\n\nUpload your documents here: {link}"
    address = markup.escape(link)
    paragraph = f'<p>Upload your documents here: <a href="{address}">{address}</a></p>'
    before, end, after = body.rpartition("</body>")
    return f"{before}{paragraph}{end}{after}" if end else f"{body}{paragraph}"


def _list(addresses: str | list[str] | None) -> list[str]:
    return [addresses] if isinstance(addresses, str) else list(addresses or [])
