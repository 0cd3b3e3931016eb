"""
Defects of ntro 0.1.2, ``capabilities/ai.py`` and ``checks.py``: of an answer that is a JSON array with one object the
object is taken and the row lost; a value of another shape than expected (fields as a list, a confidence in words) ends
the activity with a ValidationError; JSON after a sentence with a bracket is not found.

Instead: what :func:`json_in` and :func:`to_extraction` do.
"""

from __future__ import annotations

import json
import re

import ntro.capabilities.ai as sdk

from .published import replace

KEYS = ("fields", "line_items", "confidence_scores", "summary")
"""What the prompt asks for."""

_FENCE = re.compile(r"```[a-zA-Z]*\s*\n(.*?)```", re.DOTALL)
_DECODER = json.JSONDecoder()


def apply() -> None:
    """Replaces how the text of a model becomes an extraction."""
    replace("_parse_response", to_extraction, sdk)


def json_in(text: str) -> object:
    """
    The JSON object or array in a model's answer, alone, fenced or among prose: the longest that can be read. None when
    there is none, and for an array that was cut off, of which only an inner object could be read.
    """
    for fenced in _FENCE.findall(text):
        found = _longest(fenced)
        if found is not None:
            return found
    return _longest(text)


def _longest(text: str) -> object:
    best: tuple[int, object] = (0, None)
    position = 0
    while opening := re.search(r"[\[{]", text[position:]):
        start = position + opening.start()
        try:
            value, end = _DECODER.raw_decode(text, start)
        except ValueError:
            if _is_cut_off(text, start):
                break
            position = start + 1
            continue
        if end - start > best[0]:
            best = (end - start, value)
        position = end
    return best[1]


def _is_cut_off(text: str, start: int) -> bool:
    """
    Whether what begins here is JSON of objects that goes on to the end of the text: what is inside it is no whole
    answer.
    """
    return re.match(r"\[\s*\{|\{\s*\"", text[start:]) is not None


def to_extraction(text: str, raw: dict[str, object], schema_slug: str) -> sdk.ExtractionResult:
    """
    What a model answered, as far as it can be read: an object with the keys that were asked for, or an array, which is
    the line items. Values of other shapes are passed over, rows that are no objects become ``{"value": …}``.
    """
    found = json_in(text)
    answer = found if isinstance(found, dict) else {"line_items": found} if isinstance(found, list) else {}
    fields, confidence, summary = answer.get("fields"), answer.get("confidence_scores"), answer.get("summary")
    return sdk.ExtractionResult(
        schema_slug=schema_slug,
        fields=fields if isinstance(fields, dict) else {},
        line_items=_rows(answer.get("line_items")),
        confidence_scores=_scores(confidence),
        summary=summary.strip() if isinstance(summary, str) else "",
        raw_response=raw,
    )


def says_nothing(result: sdk.ExtractionResult) -> bool:
    """Whether an extraction is as one that came of text without JSON: no field, no row, no summary."""
    return not (result.fields or result.line_items or result.summary or result.confidence_scores)


def number(value: object) -> float | None:
    """A confidence as a number; None for what is none."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        return float(value)
    except ValueError:
        return None


def _rows(value: object) -> list[dict[str, object]]:
    rows = value if isinstance(value, list) else []
    return [row if isinstance(row, dict) else {"value": row} for row in rows]


def _scores(value: object) -> dict[str, float]:
    scores = value.items() if isinstance(value, dict) else ()
    return {name: score for name, given in scores if (score := number(given)) is not None}
