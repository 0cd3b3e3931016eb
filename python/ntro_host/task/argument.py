"""The one argument of a task: checked against the annotation of the author's ``run``."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any, cast

from pydantic import BaseModel, TypeAdapter, ValidationError
from temporalio import workflow
from temporalio.common import RawValue
from temporalio.exceptions import ApplicationError

from .author_code import parameters
from .messages import Json, what_is_wrong

IDENTITY = (
    "tenant_id",
    "tenant_slug",
    "entity_id",
    "entity_slug",
    "task_id",
    "config",
    "tenant_config",
    "ai",
    "gl",
)
"""What the platform puts into every input, and children get from their parent where they were not given it."""


def decoded_arguments(run: Callable[..., Any], args: Sequence[Any]) -> list[Any]:
    """
    The arguments of ``run``, of which the first is the workflow itself. A task always brings one value; a ``run`` that takes none is called without.

    :raises ApplicationError: ``InputInvalid``, saying which fields are wrong, without their values
    """
    taken = parameters(run)[1:]
    if not taken:
        return []
    if not args or not isinstance(args[0], RawValue):
        return list(args)
    _, hint = taken[0]
    payload = args[0].payload
    if payload.metadata.get("encoding") != b"json/plain":
        value = workflow.payload_converter().from_payload(payload)
        return [value if hint is None else _checked(lambda: TypeAdapter(hint).validate_python(value))]
    if hint is None:
        return [json.loads(payload.data)]
    return [_checked(lambda: TypeAdapter(hint).validate_json(payload.data))]


def identity_in(args: Sequence[Any]) -> Json:
    """What the argument says of tenant, entity and settings."""
    value = args[0] if args else None
    if isinstance(value, RawValue):
        value = workflow.payload_converter().from_payload(value.payload)
    elif not isinstance(value, dict):
        value = as_json(value)
    return {key: value[key] for key in IDENTITY if value.get(key) is not None} if isinstance(value, dict) else {}


def with_identity(value: object, identity: Json) -> Any:
    """A child's input with what it lacks of the parent's identity; an input that is no object stays as it is."""
    given = as_json(value)
    if given is None:
        return dict(identity)
    if not isinstance(given, dict):
        return given
    # A default of the author's model was not given to the child by anybody.
    unset = type(value).model_fields.keys() - value.model_fields_set if isinstance(value, BaseModel) else ()
    return {**given, **{key: mine for key, mine in identity.items() if given.get(key) is None or key in unset}}


def as_json(value: object) -> Any:
    """A value as it goes over the wire."""
    if value is None:
        return None
    return json.loads(workflow.payload_converter().to_payload(value).data or "null")


def _checked(decode: Callable[[], Any]) -> Any:
    try:
        return decode()
    except ValidationError as error:
        raise _invalid(what_is_wrong(error)) from None
    except (ValueError, TypeError) as error:
        raise _invalid(str(cast(object, error))) from None


def _invalid(why: str) -> ApplicationError:
    return ApplicationError(f"The task's input is not valid. {why}", type="InputInvalid", non_retryable=True)
