"""The runbook document-ingest: one file in, reviewed rows in the tenant's database out."""
