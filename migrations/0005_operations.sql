-- What keeps the product honest: outbox, event log, audit, idempotency, keys, webhooks.

-- Written in the transaction of the change it announces; the relay moves rows out.
create table outbox (
  id bigint generated always as identity primary key,
  topic text not null check (length(topic) between 1 and 64),
  key text not null,
  body jsonb not null,
  created_at timestamptz(3) not null default now()
);

-- Replayable. The relay numbers rows under an advisory lock, so seq has commit order and no reader skips one.
create table event_log (
  seq bigint primary key,
  id text not null unique check (id like 'evt\_%'),
  project_id text not null references projects,
  type text not null,
  data jsonb not null,
  at timestamptz(3) not null
);
create index event_log_by_project on event_log (project_id, seq);

create table audit_log (
  seq bigint generated always as identity primary key,
  at timestamptz(3) not null default clock_timestamp(),
  project_id text references projects,
  actor_kind text not null check (actor_kind in ('person', 'key', 'guest', 'system')),
  actor_id text,
  actor_name text not null,
  action text not null,
  subject text not null,
  detail jsonb not null default '{}',
  request_id text,
  previous_hash bytea not null,
  hash bytea not null check (length(hash) = 32)
);
create index audit_log_by_project on audit_log (project_id, seq desc);
create index audit_log_by_subject on audit_log (subject, seq desc);
create function audit_log_is_append_only() returns trigger language plpgsql as
  $$ begin raise exception 'audit_log is append only'; end $$;
create trigger audit_log_append_only before update or delete on audit_log
  for each row execute function audit_log_is_append_only();

create table idempotency_keys (
  actor text not null,
  key text not null check (length(key) between 1 and 255),
  request_hash bytea not null,
  status integer,
  headers jsonb,
  body text,
  locked_until timestamptz(3) not null,
  created_at timestamptz(3) not null default now(),
  expires_at timestamptz(3) not null,
  primary key (actor, key)
);
create index idempotency_keys_expiry on idempotency_keys (expires_at);

create table api_keys (
  id text primary key check (id like 'key\_%'),
  person_id text not null references people,
  name text not null check (length(name) between 1 and 200),
  secret_hash bytea not null unique check (length(secret_hash) = 32),
  hint text not null,
  scopes text[] not null check (cardinality(scopes) >= 1),
  expires_at timestamptz(3),
  last_used_at timestamptz(3),
  revoked_at timestamptz(3),
  created_at timestamptz(3) not null default now()
);
create index api_keys_by_person on api_keys (person_id, created_at desc);

create table webhook_endpoints (
  id text primary key check (id like 'whk\_%'),
  project_id text not null references projects,
  url text not null check (length(url) between 8 and 2000),
  description text not null default '',
  events text[] not null,
  secret text not null,
  previous_secret text,
  previous_secret_until timestamptz(3),
  disabled_at timestamptz(3),
  disabled_reason text,
  created_by text not null references people,
  revision integer not null default 1,
  created_at timestamptz(3) not null default now(),
  updated_at timestamptz(3) not null default now(),
  deleted_at timestamptz(3)
);
create index webhook_endpoints_by_project on webhook_endpoints (project_id) where deleted_at is null;

create table webhook_deliveries (
  id text primary key check (id like 'dlv\_%'),
  endpoint_id text not null references webhook_endpoints,
  event_id text not null,
  type text not null,
  body text not null,
  state text not null default 'pending' check (state in ('pending', 'delivered', 'failed')),
  attempts integer not null default 0,
  fence integer not null default 0,
  next_attempt_at timestamptz(3),
  last_status integer,
  last_error text,
  created_at timestamptz(3) not null default now(),
  delivered_at timestamptz(3),
  unique (endpoint_id, event_id)
);
create index webhook_deliveries_due on webhook_deliveries (next_attempt_at) where state = 'pending';
create index webhook_deliveries_by_endpoint on webhook_deliveries (endpoint_id, created_at desc, id desc);
