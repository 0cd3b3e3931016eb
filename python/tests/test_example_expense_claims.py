"""When expense-claims takes a claim as complete, and what its review makes of changes: pure functions, no services."""

from __future__ import annotations

from typing import Any

import pytest
from example_bundles import example

claims = example("expense-claims", "claims")
review = example("expense-claims", "review")

COMPLETE = {"claimant": "Ann", "vendor": "Rail", "date": "2026-03-05", "amount": "42.50", "currency": "eur"}


def checked(**changes: object) -> tuple[dict[str, str], dict[str, str]]:
    cells, problems = claims.check(claims.cells_of({**COMPLETE, **changes}, "GBP"))
    return dict(cells), dict(problems)


def test_a_complete_claim_is_written_in_one_form() -> None:
    assert checked(amount="1,042.5", memo=" first class ") == (
        {
            "claimant": "Ann",
            "vendor": "Rail",
            "expense_date": "2026-03-05",
            "amount": "1042.50",
            "currency": "EUR",
            "notes": "first class",
        },
        {},
    )


def test_columns_go_by_many_names() -> None:
    cells = claims.cells_of(
        {"Employee": "Ann", "Supplier": "Rail", "Transaction date": "2026-03-05", "Gross": 42}, "GBP"
    )
    assert claims.check(cells)[1] == {}
    assert cells["currency"] == "GBP"


def test_a_json_number_is_taken_as_it_was_sent() -> None:
    assert checked(amount=0.1)[0]["amount"] == "0.10"
    assert checked(amount=0.105)[1] == {"amount": "'0.105' is no amount such as 1,250.00"}


@pytest.mark.parametrize(
    ("field", "value", "problem"),
    [
        ("claimant", None, {"claimant": "it is missing"}),
        ("vendor", "", {"vendor": "it is missing"}),
        ("date", "05/03/2026", {"expense_date": "'05/03/2026' is no date such as 2026-03-31"}),
        ("amount", "", {"amount": "it is missing"}),
        ("amount", "-5.00", {"amount": "it is not more than 0"}),
        ("currency", "pounds", {"currency": "'pounds' is no currency such as GBP"}),
    ],
)
def test_what_is_wrong_is_named_and_the_rest_is_kept(field: str, value: object, problem: dict[str, str]) -> None:
    cells, problems = checked(**{field: value})
    assert problems == problem
    assert cells["notes"] == ""


class TestReview:
    def table(self) -> Any:
        cells, problems = checked(amount="")
        good, _ = checked()
        return review.ClaimsTable(
            [
                {"id": "a", **good, "status": "PENDING", "problem": ""},
                {"id": "b", **cells, "status": "NEEDS_ATTENTION", "problem": claims.told(problems)},
            ]
        )

    def test_a_claim_that_is_put_right_is_settled(self) -> None:
        table = self.table()
        assert table.unsettled == ["line 2 (amount: it is missing)"]
        table.edit("b", "amount", "12.5")
        assert table.unsettled == []
        assert [(row["id"], row["amount"]) for row in table.corrected()] == [("b", "12.50")]

    def test_a_change_for_the_worse_needs_attention(self) -> None:
        table = self.table()
        table.edit("a", "expense_date", None)
        assert "line 1 (expense_date: it is missing)" in table.unsettled

    def test_a_rejected_claim_comes_back_as_it_was(self) -> None:
        table = self.table()
        table.reject("b")
        assert table.unsettled == []
        assert [row["id"] for row in table.having("REJECTED")] == ["b"]
        table.restore("b")
        assert table.unsettled == ["line 2 (amount: it is missing)"]

    def test_other_cells_and_rows_do_not_change(self) -> None:
        table = self.table()
        before = [dict(row) for row in table.rows]
        table.edit("a", "status", "APPROVED")
        table.edit("c", "amount", "1")
        table.reject("c")
        assert table.rows == before
