"""The few things of runbook.md that a host needs; the server has checked it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

_FENCE = "---"


def read_frontmatter(folder: Path) -> Mapping[str, Any]:
    """The frontmatter of runbook.md (skill.md where that is absent); empty when there is none that can be read."""
    for name in ("runbook.md", "skill.md"):
        file = folder / name
        if file.is_file():
            return _parse(file.read_text(encoding="utf-8"))
    return {}


def has_config_schema(frontmatter: Mapping[str, Any]) -> bool:
    """Whether the start parameters are declared there; then those of the code do not count."""
    schema = frontmatter.get("config_schema")
    return isinstance(schema, dict) and bool(schema.get("global"))


def _parse(text: str) -> Mapping[str, Any]:
    lines = text.removeprefix("\ufeff").strip().splitlines()
    if not lines or lines[0].strip() != _FENCE:
        return {}
    fences = [index for index, line in enumerate(lines) if line.strip() == _FENCE]
    if len(fences) < 2:
        return {}
    try:
        found = yaml.safe_load("\n".join(lines[1 : fences[1]]))
    except yaml.YAMLError:
        return {}
    return found if isinstance(found, dict) else {}
