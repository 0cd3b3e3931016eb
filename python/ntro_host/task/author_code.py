"""Calling the author's handlers with what came as JSON."""

from __future__ import annotations

import functools
import inspect
import typing
from collections.abc import Callable
from types import MethodType
from typing import Any

from temporalio import workflow


def signal_handler(name: str) -> Callable[..., Any] | None:
    """The author's handler of a signal, bound to the running workflow, with its own signature; None where there is none."""
    instance = workflow.instance()
    defn = workflow._Definition.from_class(type(instance))
    declared = None if defn is None else defn.signals.get(name)
    if declared is not None and declared.is_method:
        return MethodType(declared.fn, instance)
    return workflow.get_signal_handler(name)


def parameters(fn: Callable[..., Any]) -> list[tuple[str, Any]]:
    """The parameters of a bound function that take values by place, each with its type; None where it has none that can be found."""
    # Temporal binds a handler to its workflow as a partial, which has no annotations of its own.
    annotated = fn.func if isinstance(fn, functools.partial) else fn
    try:
        hints = typing.get_type_hints(annotated)
    except (NameError, TypeError, AttributeError):
        hints = {}
    places = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return [(name, hints.get(name)) for name, given in inspect.signature(fn).parameters.items() if given.kind in places]


def decoded(argument: object, hint: Any) -> Any:
    """A JSON value as its annotation says, by the payload converter as Temporal would do it. Raises what the converter raises."""
    converter = workflow.payload_converter()
    return converter.from_payload(converter.to_payload(argument), hint)


async def call_handler(fn: Callable[..., Any], *forms: object) -> None:
    """
    Calls a handler with the first of several forms of its argument that fits its annotation; with none where it takes none.

    Raises what the handler raises, and :class:`ArgumentUnfit` where no form fits.
    """
    taken = parameters(fn)
    result = fn(_first_that_fits(forms, taken[0][1])) if taken else fn()
    if inspect.isawaitable(result):
        await result


class ArgumentUnfit(Exception):
    """What came does not fit the annotation of the author's handler."""


def _first_that_fits(forms: tuple[object, ...], hint: Any) -> Any:
    why: Exception | None = None
    for form in forms:
        try:
            return decoded(form, hint)
        except Exception as error:
            why = why or error
    raise ArgumentUnfit(str(why)) from why
