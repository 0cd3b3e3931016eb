"""A file as readers see it."""

from dataclasses import dataclass


class UnreadableError(Exception):
    """A file that cannot be used; the message tells the person who submitted it why."""


class UnknownFormError(Exception):
    """A file that can be opened but is in no form that its reader knows."""


@dataclass(frozen=True)
class Document:
    """A file as text. ``rows`` are the cells of a table, empty for a PDF; ``text`` is everything, line by line."""

    rows: list[list[str]]
    text: str
