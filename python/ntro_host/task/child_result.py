"""The result of a child whose own types are not at hand: another language, or another environment."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator


class ChildResult(dict[str, Any]):
    """A result read as an object or as a dictionary; what is inside it too. ``model_dump()`` gives plain dictionaries, as a pydantic model would."""

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(
                f'The child\'s result has no "{name}"; it has {", ".join(self) or "nothing"}.'
            ) from None

    def model_dump(self, **_: Any) -> dict[str, Any]:
        """The result as plain dictionaries and lists."""
        return {key: _plain(value) for key, value in self.items()}


def child_result(value: Any) -> Any:
    """A JSON value with every object in it readable by attribute."""
    if isinstance(value, dict):
        return ChildResult({key: child_result(inner) for key, inner in value.items()})
    return [child_result(inner) for inner in value] if isinstance(value, list) else value


ReadableResult = Annotated[Any, AfterValidator(child_result)]
"""The type that a result is decoded as where its own is not known."""


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    return [_plain(inner) for inner in value] if isinstance(value, list) else value
