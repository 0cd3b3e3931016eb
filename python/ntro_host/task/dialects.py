"""
The published signal ``user_action`` in every dialect, made into the one superset that all bundles read.

ntro 0.1.2 lets each bundle read its own key (``type``, ``kind`` or ``action``), so a rejection that is spoken in another dialect counts as an approval, and an
answer that comes when no gate is open answers the next one. Here a rejection in any dialect is one in all of them, and an approval is never guessed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal

from .messages import SENDER, Json
from .table import ROW_NAMES

Decision = Literal["approved", "rejected"]

_DECISIONS: dict[str, Decision] = {
    "approve": "approved",
    "approved": "approved",
    "reject": "rejected",
    "rejected": "rejected",
}
_NAMES_OF_ROWS = ("row_id", "rowId", *[name for name in ROW_NAMES if name != "row_id"], "line_index")
_MIDDLE = re.compile(r"(?<=[a-z])(?=[A-Z])")


def decision_of(given: Mapping[str, Any]) -> Decision | None:
    """What all dialects that were spoken agree on; None where none says it or two differ."""
    said = _said(given)
    return said.pop() if len(said) == 1 else None


def is_silent(given: Mapping[str, Any]) -> bool:
    """Whether no dialect says anything of a decision: an action of the author's own making."""
    return not _said(given)


def corrections_of(given: Mapping[str, Any]) -> list[Json] | None:
    """The corrections that an answer carries, each with every name of its row; None where they have no form that can be read."""
    payload = given.get("payload")
    raw = given.get("corrections")
    if raw is None and isinstance(payload, Mapping):
        raw = payload.get("corrections")
    if raw is None:
        return []
    if not isinstance(raw, list):
        return None
    read = [_correction(entry) for entry in raw]
    return [entry for entry in read if entry is not None] if None not in read else None


def reason_of(given: Mapping[str, Any], decision: Decision) -> str | None:
    """Why it was decided so, under either of its published names."""
    payload = given.get("payload")
    for source in (given, payload if isinstance(payload, Mapping) else {}):
        for key in ("reason", "comments"):
            text = source.get(key)
            if isinstance(text, str) and text.strip():
                return text
    return "Rejected by signal" if decision == "rejected" else None


def actor_of(given: Mapping[str, Any]) -> Json:
    """Who acted, where the signal says it in full."""
    actor = given.get("actedBy")
    if not (isinstance(actor, Mapping) and isinstance(actor.get("id"), str) and isinstance(actor.get("name"), str)):
        return dict(SENDER)
    via = actor.get("via")
    return {"id": actor["id"], "name": actor["name"], "via": via if via in ("person", "agent", "system") else "system"}


def superset(
    decision: Decision,
    *,
    gate: str,
    reason: str | None,
    corrections: list[Json],
    actor: Json,
    at: str,
    extra: Mapping[str, Any] | None = None,
) -> Json:
    """The answer as author code gets it. ``extra`` is what else a client sent; it never changes what was decided."""
    verb = "approve" if decision == "approved" else "reject"
    return {
        **(extra or {}),
        "gate": gate,
        "type": decision,
        "kind": verb,
        "action": verb,
        "reason": reason,
        "comments": reason,
        "corrections": [with_row_names(correction) for correction in corrections],
        "actedBy": actor,
        "at": at,
    }


def with_row_names(correction: Mapping[str, Any]) -> Json:
    """A correction with every name that published bundles match rows by."""
    row_id = str(correction["row_id"])
    names: Json = {"row_id": row_id, "line_item_id": row_id, "id": row_id}
    if re.fullmatch(r"\d+", row_id):
        names["line_index"] = int(row_id)
    return {**names, **correction, "row_id": row_id}


def row_change_of(given: Mapping[str, Any]) -> Json | None:
    """The change to a row that a ``row_action`` signal asks for, under the names of the protocol; None where it says none."""
    payload = given.get("payload")
    source = {**given, **payload} if isinstance(payload, Mapping) else dict(given)
    change: Json = {
        _MIDDLE.sub("_", key).lower() if key in ("rowId", "oldValue") else key: value for key, value in source.items()
    }
    if change.get("action") not in ("edit_cell", "reject_row", "restore_row") or change.get("row_id") is None:
        return None
    change["row_id"] = str(change["row_id"])
    return {key: change[key] for key in ("action", "row_id", "field", "value", "old_value") if key in change}


def row_action(change: Mapping[str, Any], *, ledger: object, gate: str, actor: Json, at: str) -> Json:
    """A change to a row as the published signal has it."""
    named = {"row_id": change["row_id"], "rowId": change["row_id"]}
    payload = {key: value for key, value in change.items() if value is not None or key == "value"}
    where = {"ledger": ledger} if isinstance(ledger, str) else {}
    return {"kind": "row_action", "gate": gate, "payload": {**where, **payload, **named}, "actedBy": actor, "at": at}


def _said(given: Mapping[str, Any]) -> set[Decision]:
    words = [given.get(key) for key in ("kind", "type", "action")]
    return {_DECISIONS[word.lower()] for word in words if isinstance(word, str) and word.lower() in _DECISIONS}


def _correction(entry: object) -> Json | None:
    if not isinstance(entry, Mapping) or not isinstance(entry.get("field"), str) or "new_value" not in entry:
        return None
    row_id = next((entry[name] for name in _NAMES_OF_ROWS if entry.get(name) is not None), None)
    return None if row_id is None else {**entry, "row_id": str(row_id)}
