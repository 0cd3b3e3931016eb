"""The parts of the task protocol that need no Temporal."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from temporalio.exceptions import ApplicationError, CancelledError

from ntro_host.task.child_result import ChildResult, child_result
from ntro_host.task.clock import iso
from ntro_host.task.dialects import (
    actor_of,
    corrections_of,
    decision_of,
    is_silent,
    reason_of,
    row_change_of,
    superset,
    with_row_names,
)
from ntro_host.task.failures import ending, raised_by_author
from ntro_host.task.limits import MAX_SNAPSHOT_BYTES, json_bytes, keepable
from ntro_host.task.refusal import Refused
from ntro_host.task.revisions_link import _steps_of
from ntro_host.task.rows import ReviewRows
from ntro_host.task.slots import extensions, slots_of
from ntro_host.task.table import find_row, review_tables

Json = dict[str, Any]


@pytest.mark.parametrize(
    ("given", "decision"),
    [
        ({"type": "approved"}, "approved"),
        ({"kind": "approve"}, "approved"),
        ({"action": "approve", "payload": {}}, "approved"),
        ({"type": "rejected", "comments": "x"}, "rejected"),
        ({"kind": "Reject"}, "rejected"),
        ({"action": "reject", "kind": "reject", "type": "rejected"}, "rejected"),
        ({"kind": "approve", "type": "rejected"}, None),
        ({"action": "reject", "type": "approved"}, None),
        ({"kind": "edit"}, None),
        ({"approved": True}, None),
        ({}, None),
    ],
)
def test_what_the_dialects_agree_on(given: Json, decision: str | None) -> None:
    assert decision_of(given) == decision


def test_only_an_action_without_a_word_of_decision_is_silent() -> None:
    assert is_silent({"kind": "look_again"})
    assert not is_silent({"kind": "approve", "type": "rejected"})


def test_a_rejection_is_one_in_all_dialects_whatever_else_came() -> None:
    given = {"kind": "reject", "type": "something", "action": "post", "ledger": "expenses"}
    answer = superset("rejected", gate="g", reason="r", corrections=[], actor={}, at="now", extra=given)
    assert (answer["type"], answer["kind"], answer["action"]) == ("rejected", "reject", "reject")
    assert answer["ledger"] == "expenses"


@pytest.mark.parametrize("name", ["row_id", "line_item_id", "expense_id", "id", "rowId"])
def test_corrections_name_their_rows_under_every_published_name(name: str) -> None:
    read = corrections_of({"corrections": [{name: 7, "field": "amount", "old_value": "1", "new_value": "2"}]})
    assert read is not None
    named = with_row_names(read[0])
    assert {key: named[key] for key in ("row_id", "line_item_id", "id", "line_index", "new_value")} == {
        "row_id": "7",
        "line_item_id": named["line_item_id"],
        "id": named["id"],
        "line_index": 7,
        "new_value": "2",
    }
    assert str(named["line_item_id"]) == str(named["id"]) == "7"


def test_corrections_that_cannot_be_read_are_none() -> None:
    assert corrections_of({"corrections": 1}) is None
    assert corrections_of({"corrections": [{"field": "a", "new_value": 1}]}) is None
    assert corrections_of({"corrections": [{"row_id": "a", "new_value": 1}]}) is None
    assert corrections_of({"corrections": None}) == corrections_of({}) == []
    inside = {"action": "approve", "payload": {"corrections": [{"line_index": 0, "field": "a", "new_value": 1}]}}
    assert [entry["row_id"] for entry in corrections_of(inside) or []] == ["0"]


def test_reasons_and_actors_of_signals() -> None:
    assert reason_of({"comments": "why"}, "approved") == "why"
    assert reason_of({"reason": " "}, "rejected") == "Rejected by signal"
    assert reason_of({}, "approved") is None
    assert actor_of({"actedBy": "x"}) == {"id": "signal", "name": "Signal", "via": "system"}
    assert actor_of({"actedBy": {"id": "a", "name": "Agent", "via": "agent"}})["via"] == "agent"


def test_row_changes_of_signals() -> None:
    given = {
        "kind": "row_action",
        "payload": {"ledger": "e", "action": "edit_cell", "rowId": 3, "field": "f", "value": None},
    }
    assert row_change_of(given) == {"action": "edit_cell", "row_id": "3", "field": "f", "value": None}
    assert row_change_of({"kind": "row_action", "payload": {"action": "burn", "row_id": "1"}}) is None
    assert row_change_of({"kind": "row_action"}) is None


@pytest.mark.parametrize(
    ("given", "found"),
    [
        (["application/pdf", ".XLSX", "csv"], ("pdf", "xlsx", "csv")),
        (["application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"], ("xlsx",)),
        ("application/pdf, text/csv", ("pdf", "csv")),
        (["image/*"], ("png", "jpg", "jpeg", "tif", "tiff", "webp")),
        (["application/pdf", "application/x-unheard-of"], ()),
        (["*"], ()),
        (["*/*"], ()),
        (None, ()),
        ([], ()),
    ],
)
def test_extensions_of_what_bundles_accept(given: object, found: tuple[str, ...]) -> None:
    assert extensions(given) == found


def test_the_slot_of_a_file() -> None:
    config = {"accept": ["application/pdf"], "max_size_mb": 50, "title": "Lease"}
    action = {
        "kind": "submit_file",
        "args": {"source": "lease", "signal_name": "got"},
        "display_hint": {"config": config},
    }
    (slot,) = slots_of(action) or []
    assert slot.shown() == {
        "source": "lease",
        "title": "Lease",
        "accept": ["pdf"],
        "max_size_mb": 50,
        "status": "pending",
    }
    assert slot.signal == "got"
    (bare,) = slots_of({"kind": "submit_file"}) or []
    assert (bare.source, bare.accept, bare.max_size_mb, bare.signal) == ("file", (), 25, "document_submitted")
    assert slots_of({"kind": "interactive_review"}) is None


def test_the_slots_of_several_files() -> None:
    expected = [
        {"source": "a", "status": "completed"},
        {"source": "b", "max_size_mb": -1, "args": {"signal_task_id": "t"}},
    ]
    slots = slots_of({"kind": "submit_files", "display_hint": {"config": {"expected": expected}}}) or []
    assert [(slot.source, slot.status, slot.max_size_mb, slot.task_id) for slot in slots] == [
        ("a", "completed", 25, None),
        ("b", "pending", 25, "t"),
    ]


def test_tables_as_the_server_reads_them() -> None:
    payload = {"inner": {"rows": [{"expense_id": 4.0}, {"line": 1}]}, "note": "n"}
    (table,) = review_tables({"datasets": [{"key": "x", "data_key": "inner.rows"}]}, payload)
    assert [row.id for row in table.rows] == ["4", "1"]
    assert table.editable is None and table.may_change("line") and not table.may_change("expense_id")
    assert review_tables({}, {"a": [{"id": "1"}], "b": [], "c": [1]})[0].rows[0].id == "1"
    assert review_tables({"columns": [{"key": "k", "editable": False}]}, {"rows": [{}]})[0].editable == ()
    assert review_tables({}, "text") == []
    assert not review_tables({"allow_corrections": False}, [{"id": "1"}])[0].may_change("x")
    assert find_row([table], "9") is None


def rows_of(payload: Any, columns: list[Json] | None = None) -> ReviewRows:
    config = {"columns": columns or []} if columns else {}
    import copy

    return ReviewRows(lambda: (config, copy.deepcopy(payload)))


def test_edits_lie_over_the_payload_and_build_on_each_other() -> None:
    rows = rows_of({"rows": [{"id": "a", "x": 1}]})
    edits = rows.require_corrections(
        [
            {"row_id": "a", "field": "x", "old_value": 1.0, "new_value": 2},
            {"row_id": "a", "field": "x", "old_value": 2, "new_value": 3},
        ]
    )
    for edit in edits:
        rows.keep({"action": "edit_cell", "row_id": "a"}, edit, by="R", at="t", host=True)
    assert rows.payload() == {"rows": [{"id": "a", "x": 3}]}
    assert [edit["old_value"] for edit in rows.edits()] == [1, 2]
    assert rows.kept_corrections()[-1]["new_value"] == 3


@pytest.mark.parametrize(
    ("correction", "why"),
    [
        ({"row_id": "z", "field": "x", "new_value": 1}, 'no line "z"'),
        ({"row_id": "a", "field": "y", "new_value": 1}, '"y" of line "a" may not be changed; these may: x'),
        ({"row_id": "a", "field": "x", "old_value": None, "new_value": 1}, "is 1 by now, not null"),
    ],
)
def test_corrections_that_do_not_fit(correction: Json, why: str) -> None:
    rows = rows_of({"rows": [{"id": "a", "x": 1, "y": 2}]}, [{"key": "x", "editable": True}, {"key": "y"}])
    with pytest.raises(Refused, match=why) as refused:
        rows.require_corrections([correction])
    assert refused.value.type == "CORRECTION_REFUSED"
    assert rows.edits() == []


def test_corrections_where_there_is_no_table() -> None:
    rows = rows_of({"total": 1})
    assert rows.require_corrections([{"row_id": "a", "field": "x"}], lenient=True) == []
    with pytest.raises(Refused):
        rows.require_corrections([{"row_id": "a", "field": "x"}])


def test_rejected_rows_show_and_can_be_restored() -> None:
    rows = rows_of({"rows": [{"id": "a"}, {"id": "b"}]})
    for word in ("reject_row", "reject_row"):
        rows.keep({"action": word, "row_id": "a"}, None, by="R", at="t", host=True)
    assert rows.rejected() == rows.payload()["rejected_rows"] == ["a"]
    rows.keep({"action": "restore_row", "row_id": "a"}, None, by="R", at="t", host=True)
    assert rows.rejected() == [] and "rejected_rows" not in rows.payload()


def test_an_edit_that_an_author_keeps_out_of_sight_is_shown_by_the_host_and_not_handed_over() -> None:
    rows = rows_of({"rows": [{"id": "a", "x": 1}]})
    (edit,) = rows.require_corrections([{"row_id": "a", "field": "x", "new_value": 2}])
    rows.keep({"action": "edit_cell", "row_id": "a"}, edit, by="R", at="t", host=False)
    assert rows.payload() == {"rows": [{"id": "a", "x": 2}]}
    assert rows.kept_corrections() == []


def test_what_is_large_is_left_out_of_snapshots() -> None:
    assert keepable("é" * 10) == "é" * 10
    assert keepable("é" * MAX_SNAPSHOT_BYTES) == {"omitted_bytes": 2 * MAX_SNAPSHOT_BYTES + 2}
    assert keepable(object()) == {"omitted_bytes": 0}
    assert json_bytes({"done": "é" * 500_001}) == 1_000_013


def test_times_have_milliseconds_and_a_z() -> None:
    from datetime import UTC, datetime, timedelta, timezone

    assert iso(datetime(2026, 4, 1, tzinfo=UTC)) == "2026-04-01T00:00:00.000Z"
    assert iso(datetime(2026, 4, 1, 2, 0, 0, 1500, tzinfo=timezone(timedelta(hours=2)))) == "2026-04-01T00:00:00.001Z"


def test_results_of_other_languages_read_as_objects() -> None:
    result = child_result({"ref": "d", "lines": [{"amount": "1"}], "copy": 1})
    assert isinstance(result, ChildResult)
    assert (result.ref, result["ref"], result.lines[0].amount) == ("d", "d", "1")
    with pytest.raises(AttributeError, match='no "total"; it has ref, lines, copy'):
        _ = result.total
    assert type(result.model_dump()["lines"][0]) is dict


def test_the_steps_of_a_frontmatter() -> None:
    text = "---\nslug: x\nsteps:\n  - {id: upload, label: Upload it}\n  - {id: post}\n  - broken\n---\n# Body\n"
    assert [(step.id, step.title) for step in _steps_of(text)] == [("upload", "Upload it"), ("post", "post")]
    assert _steps_of("no frontmatter") == _steps_of("---\n[\n---\n") == []


HERE = Path(__file__).parent


def _caught(fn: Any) -> BaseException:
    try:
        fn()
    except BaseException as error:
        return error
    raise AssertionError("It raised nothing.")


class OwnError(Exception):
    """An author's."""


def test_only_what_the_authors_raise_raised_ends_a_task() -> None:
    def means_it() -> None:
        raise OwnError("Nothing to close.")

    def bug() -> None:
        _ = {}["missing"]  # type: ignore[var-annotated]

    def wrong_name() -> None:
        undefined_name()  # type: ignore[name-defined]  # noqa: F821

    def asserted() -> None:
        raise AssertionError("x")

    def in_library() -> None:
        int("x")

    end = ending(_caught(means_it), HERE)
    assert isinstance(end, ApplicationError)
    assert (end.type, end.message, end.non_retryable) == ("OwnError", "Nothing to close.", True)
    for fn in (bug, wrong_name, asserted, in_library):
        assert ending(_caught(fn), HERE) is None
    assert ending(_caught(means_it), HERE / "elsewhere") is None
    assert not raised_by_author(OwnError("never raised"), HERE)


def test_failures_of_temporal_and_timeouts_end_a_task() -> None:
    cancelled = CancelledError("c")
    assert ending(cancelled, HERE) is cancelled
    late = ending(TimeoutError(), HERE)
    assert isinstance(late, ApplicationError) and late.type == "TimeoutError"
    group = ExceptionGroup("g", [cancelled, ApplicationError("x")])
    assert ending(group, HERE) is cancelled
    assert ending(ExceptionGroup("g", [cancelled, KeyError("x")]), HERE) is None
