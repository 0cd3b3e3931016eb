create table ledgers.expense_claims (
  id uuid primary key,
  entity_id uuid not null,
  period text not null,
  task_id uuid not null,
  status text not null check (status in ('NEEDS_ATTENTION', 'PENDING', 'APPROVED', 'REJECTED', 'EXCLUDED', 'POSTED')),
  source_ref text not null,
  validation_errors jsonb,
  raw_payload jsonb,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  claimant text,
  vendor text,
  expense_date date,
  amount numeric(20, 2) check (amount > 0),
  currency text,
  notes text,
  -- What was submitted once is recorded once, however often it is tried.
  unique (task_id, source_ref),
  check (
    status in ('NEEDS_ATTENTION', 'REJECTED')
    or (claimant is not null and vendor is not null and expense_date is not null and amount is not null and currency is not null)
  )
);
