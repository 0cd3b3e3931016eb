"""The runbook expense-claims: a month's claims, checked and in a ledger."""
