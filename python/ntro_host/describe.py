"""What loading a bundle shows that its files alone do not (``Described`` in ``packages/contract/src/worker.ts``)."""

from __future__ import annotations

import inspect
import types
import typing
from collections.abc import Mapping
from typing import Any, Union

from pydantic import BaseModel, PydanticInvalidForJsonSchema, TypeAdapter

from .faults import BundleFaulty, at, said_by
from .frontmatter import has_config_schema, read_frontmatter
from .loading import LoadedBundle, place_of_definition
from .notices import notices_of

GIVEN = frozenset(
    {"tenant_id", "tenant_slug", "entity_id", "entity_slug", "task_id", "config", "tenant_config", "ai", "gl"}
)
"""Keys of a task's input that the platform fills in; nobody who starts a task gives them."""


class Described(BaseModel):
    """For the server and, through it, for people."""

    steps: list[dict[str, str]]
    inputSchema: dict[str, Any] | None
    children: list[str] = []
    activities: list[str]
    notices: list[str]


def describe(bundle: LoadedBundle, more_notices: list[str]) -> Described:
    """
    Describes a bundle that has been loaded.

    :param more_notices: what is known already and whoever deploys should know
    :raises BundleFaulty: when its input's annotation has no schema
    """
    frontmatter = read_frontmatter(bundle.folder)
    return Described(
        steps=steps_of(bundle.workflow) or _listed_steps(frontmatter),
        inputSchema=None if has_config_schema(frontmatter) else input_schema(bundle),
        activities=sorted(bundle.activities),
        notices=[*more_notices, *notices_of(bundle)],
    )


def steps_of(workflow: type) -> list[dict[str, str]]:
    """The methods marked with ``@runbook.step``, those of base classes first, each class's in the order of their definition."""
    found: dict[str, dict[str, str]] = {}
    for base in reversed(inspect.getmro(workflow)):
        for member in vars(base).values():
            step = getattr(member, "__ntro_ui_step__", None)
            if isinstance(step, dict) and isinstance(step.get("name"), str):
                found[step["name"]] = _step(step["name"], step.get("title"), step.get("icon"))
    return list(found.values())


def _listed_steps(frontmatter: Mapping[str, Any]) -> list[dict[str, str]]:
    listed = frontmatter.get("steps")
    steps = [step for step in listed if isinstance(step, dict)] if isinstance(listed, list) else []
    return [_step(str(step["id"]), step.get("label"), None) for step in steps if step.get("id")]


def _step(step_id: str, title: object, icon: object) -> dict[str, str]:
    return {"id": step_id, "title": str(title or step_id), **({"icon": str(icon)} if icon else {})}


def input_schema(bundle: LoadedBundle) -> dict[str, Any] | None:
    """JSON Schema of what starts a task, without the keys in :data:`GIVEN`; None when run() takes anything."""
    annotation = _without_none(next(iter(bundle.definition.arg_types or []), None))
    if annotation in (None, Any, dict, object) or typing.get_origin(annotation) in (dict, Mapping):
        return None
    try:
        schema = TypeAdapter(annotation).json_schema(mode="validation")
    except PydanticInvalidForJsonSchema:
        return None
    except Exception as error:
        message = f"The input of {bundle.workflow.__name__} has no schema: {said_by(bundle.folder, error)}"
        place = place_of_definition(bundle.folder, bundle.definition.run_fn)
        hint = "Annotate the input with a pydantic model, a dataclass or dict."
        raise BundleFaulty([at("RUNBOOK_DEFINITION_INVALID", message, place, hint)]) from error
    return _without_given(_at_top(schema))


def _without_none(annotation: Any) -> Any:
    if typing.get_origin(annotation) in (Union, types.UnionType):
        others = [argument for argument in typing.get_args(annotation) if argument is not type(None)]
        return others[0] if len(others) == 1 else annotation
    return annotation


def _at_top(schema: dict[str, Any]) -> dict[str, Any]:
    """A model that refers to itself stands below ``$defs``; its keys are wanted at the top."""
    reference = schema.get("$ref")
    definitions = schema.get("$defs", {})
    if not isinstance(reference, str):
        return schema
    return {**definitions.get(reference.rpartition("/")[2], {}), "$defs": definitions}


def _without_given(schema: dict[str, Any]) -> dict[str, Any] | None:
    if schema.get("type") != "object" or "properties" not in schema:
        return None
    properties = {key: value for key, value in schema["properties"].items() if key not in GIVEN}
    required = [key for key in schema.get("required", []) if key not in GIVEN]
    rest = {key: value for key, value in schema.items() if key not in ("properties", "required")}
    return {**rest, "properties": properties, **({"required": required} if required else {})}
