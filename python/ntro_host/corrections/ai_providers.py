"""
Defects of ntro 0.1.2, ``capabilities/_providers.py``: an answer that says no (a wrong key, an unknown model) is an
HTTPStatusError without the provider's reason and is retried for ever; an error in the middle of a stream is passed
over, so that half an answer is taken for a whole one; an endpoint that answers whole where a stream was asked for has
said nothing.

Instead: the provider's own words, never with a key in them; what another attempt cannot change is not retried; a
provider that is overloaded is, and when it says.
"""

from __future__ import annotations

import json
import re
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import timedelta

import httpx
from ntro.capabilities._providers import CompletionResponse
from temporalio.exceptions import ApplicationError

CONNECT_WITHIN_S = 15.0
TRANSIENT = frozenset({408, 409, 425, 429})
"""Statuses below 500 that pass by themselves."""
WORDS = 500
"""How many characters of a provider's answer are shown."""

JsonObject = dict[str, object]


class HttpProvider(ABC):
    """One provider's endpoint, with the two methods that the SDK calls."""

    def __init__(self, name: str, url: str, headers: dict[str, str], key: str | None) -> None:
        self._name = name
        self._url = url
        self._headers = {"content-type": "application/json", **headers}
        self._key = key

    async def complete(self, *, prompt: str, model: str, max_tokens: int, timeout: float = 60.0) -> CompletionResponse:
        """
        Asks once and waits for the whole answer, ``timeout`` in seconds.

        :raises ApplicationError: ``AiProviderRefused`` (not retried) or ``AiProviderFailed`` (retried)
        """
        with self._explained():
            async with httpx.AsyncClient(timeout=_timeout(timeout)) as client:
                response = await client.post(
                    self._url, headers=self._headers, json=_question(prompt, model, max_tokens)
                )
                if response.is_error:
                    raise self._failure(response, model)
                data = self._whole(response.text)
        return CompletionResponse(text=self.text_of(data), raw=data)

    async def complete_stream(
        self, *, prompt: str, model: str, max_tokens: int, timeout: float = 60.0
    ) -> AsyncIterator[str]:
        """As :meth:`complete`, in the pieces as they come; ``timeout`` is how long one piece may take."""
        question = {**_question(prompt, model, max_tokens), "stream": True}
        with self._explained():
            async with (
                httpx.AsyncClient(timeout=_timeout(timeout)) as client,
                client.stream("POST", self._url, headers=self._headers, json=question) as response,
            ):
                if response.is_error:
                    await response.aread()
                    raise self._failure(response, model)
                streams, others = False, list[str]()
                async for line in response.aiter_lines():
                    event = _object(line.removeprefix("data:")) if line.startswith("data:") else None
                    if event is None:
                        others.append(line)
                        continue
                    streams = True
                    piece = self.piece_of(self._sound(event))
                    if piece:
                        yield piece
                if not streams:
                    yield self._unstreamed("\n".join(others))

    @abstractmethod
    def text_of(self, answer: JsonObject) -> str:
        """The text in a whole answer."""

    @abstractmethod
    def piece_of(self, event: JsonObject) -> str:
        """The text in one event of a stream; empty where it has none."""

    def _unstreamed(self, body: str) -> str:
        """The text of an answer that came whole. Without text it is none: the extraction from it would be empty, and look done."""
        text = self.text_of(self._whole(body))
        if not text:
            raise self._failed(f"its answer has no text: {body[:WORDS]}")
        return text

    def _whole(self, body: str) -> JsonObject:
        data = _object(body)
        if data is None:
            raise self._failed(f"its answer is no JSON object: {body[:WORDS]}")
        return self._sound(data)

    def _sound(self, answer: JsonObject) -> JsonObject:
        """An answer, or an event of a stream, that tells of no error; some endpoints tell of one with status 200."""
        if answer.get("error"):
            raise self._failed(_words(json.dumps(answer)))
        return answer

    def _failure(self, response: httpx.Response, model: str) -> ApplicationError:
        status, words = response.status_code, self._clean(_words(response.text))
        if status >= 500 or status in TRANSIENT:
            return self._failed(words, status, _retry_after(response))
        what = f"{self._name} refused the request for model {model} (HTTP {status}): {words}"
        return ApplicationError(what, type="AiProviderRefused", non_retryable=True)

    def _failed(self, words: str, status: int | None = None, delay: timedelta | None = None) -> ApplicationError:
        where = f" (HTTP {status})" if status is not None else ""
        message = f"{self._name} failed{where}: {self._clean(words)}"
        return ApplicationError(message, type="AiProviderFailed", next_retry_delay=delay)

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Says whom we could not reach; the address is part of the settings, no secret."""
        try:
            yield
        except httpx.InvalidURL as error:
            what = f"The address of {self._name} is no URL: {error}"
            raise ApplicationError(what, type="AiNotConfigured", non_retryable=True) from None
        except httpx.TransportError as error:
            raise self._failed(f"{self._url} did not answer ({type(error).__name__}: {error})") from None

    def _clean(self, words: str) -> str:
        """Providers repeat the key they refuse, in part or whole."""
        if self._key:
            words = words.replace(self._key, "[key]")
        return re.sub(r"\b(?:sk|key|pk)-[\w*.…-]{4,}", "[key]", words)


class AnthropicMessages(HttpProvider):
    """Anthropic's ``/v1/messages``."""

    def __init__(self, key: str, address: str = "https://api.anthropic.com") -> None:
        headers = {"x-api-key": key, "anthropic-version": "2023-06-01"}
        super().__init__("Anthropic", f"{address.rstrip('/')}/v1/messages", headers, key)

    def text_of(self, answer: JsonObject) -> str:
        return _joined(answer.get("content"))

    def piece_of(self, event: JsonObject) -> str:
        delta = event.get("delta")
        return _text(delta) if event.get("type") == "content_block_delta" else ""


class ChatCompletions(HttpProvider):
    """
    ``/chat/completions`` as OpenAI has it and many local servers; the address ends in ``/v1`` by convention. The key is
    optional.
    """

    def __init__(self, address: str, key: str | None = None) -> None:
        headers = {"authorization": f"Bearer {key}"} if key else {}
        super().__init__("The AI endpoint", f"{address.rstrip('/')}/chat/completions", headers, key)

    def text_of(self, answer: JsonObject) -> str:
        return self._content(answer, "message")

    def piece_of(self, event: JsonObject) -> str:
        return self._content(event, "delta")

    @staticmethod
    def _content(holder: JsonObject, name: str) -> str:
        choices = holder.get("choices")
        first = choices[0] if isinstance(choices, list) and choices else None
        part = first.get(name) if isinstance(first, dict) else None
        content = part.get("content") if isinstance(part, dict) else None
        return content if isinstance(content, str) else _joined(content)


def _question(prompt: str, model: str, max_tokens: int) -> JsonObject:
    return {"model": model, "max_tokens": max_tokens, "messages": [{"role": "user", "content": prompt}]}


def _timeout(seconds: float) -> httpx.Timeout:
    return httpx.Timeout(seconds, connect=min(seconds, CONNECT_WITHIN_S))


def _object(text: str) -> JsonObject | None:
    try:
        value = json.loads(text)
    except json.JSONDecodeError:
        return None
    return value if isinstance(value, dict) else None


def _text(part: object) -> str:
    text = part.get("text") if isinstance(part, dict) else None
    return text if isinstance(text, str) else ""


def _joined(parts: object) -> str:
    return "".join(_text(part) for part in parts) if isinstance(parts, list) else ""


def _words(body: str) -> str:
    """What the answer says went wrong: ``error.message`` in both dialects, else its beginning."""
    data = _object(body) or {}
    error = data.get("error", data)
    message = error.get("message") if isinstance(error, dict) else error
    said = message if isinstance(message, str) and message else body.strip()
    return said[:WORDS] or "no reason given"


def _retry_after(response: httpx.Response) -> timedelta | None:
    """
    The seconds that the provider asks to wait, at most ten minutes; the other form of the header, a date, is passed
    over.
    """
    given = response.headers.get("retry-after", "")
    return timedelta(seconds=min(float(given), 600)) if re.fullmatch(r"\d+(\.\d+)?", given) else None
