create table ledgers.nav_periods (
  entity_id uuid not null,
  period text not null,
  status text not null check (status in ('OPEN', 'REJECTED', 'CLOSED')),
  nav numeric(24, 2),
  report text,
  reason text,
  task_id uuid not null,
  updated_at timestamptz not null default now(),
  primary key (entity_id, period)
);

create table ledgers.nav_journals (
  entity_id uuid not null,
  period text not null,
  line text not null,
  account text not null,
  description text not null,
  debit numeric(24, 2) not null,
  credit numeric(24, 2) not null,
  task_id uuid not null,
  primary key (entity_id, period, line)
);
