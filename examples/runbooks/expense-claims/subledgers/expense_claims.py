"""The ledger of expense claims: what a row of ``ledgers.expense_claims`` is."""

import json
from datetime import date
from decimal import Decimal
from typing import Any

from ntro.subledger import Row, register_type
from ntro.types import CurrencyCode
from pydantic import field_validator


@register_type("expense_claims", owner_runbook="expense-claims")
class ExpenseClaimRow(Row):
    """One claim. The table holds that fields are missing only while it needs attention, or once it was rejected."""

    claimant: str | None = None
    vendor: str | None = None
    expense_date: date | None = None
    amount: Decimal | None = None
    currency: CurrencyCode | None = None
    notes: str | None = None

    @field_validator("validation_errors", "raw_payload", mode="before")
    @classmethod
    def _from_json(cls, value: Any) -> Any:
        # Postgres gives jsonb as text.
        return json.loads(value) if isinstance(value, str) else value
