-- The work of making a version playable. One row per (version, recipe); the fence rises with every claim.

create table preview_jobs (
  id text primary key check (id like 'job\_%'),
  version_id text not null references versions,
  project_id text not null references projects,
  recipe jsonb not null default '{}',
  recipe_hash text not null,
  state text not null default 'queued' check (state in ('queued', 'running', 'done', 'failed', 'cancelled')),
  fence integer not null default 0,
  attempts integer not null default 0,
  claimed_by text,
  heartbeat_at timestamptz(3),
  progress real not null default 0 check (progress between 0 and 1),
  speed real,
  eta_seconds real,
  engine text,
  rungs jsonb not null default '[]',
  prefix text,
  content_key text check (content_key ~ '^[0-9a-f]{64}$'),
  result jsonb,
  reason_code text,
  reason text,
  traceparent text,
  created_at timestamptz(3) not null default now(),
  started_at timestamptz(3),
  finished_at timestamptz(3),
  check ((state = 'failed') = (reason is not null)),
  check (state <> 'running' or (claimed_by is not null and heartbeat_at is not null)),
  check (state <> 'done' or (prefix is not null and result is not null))
);
create unique index preview_jobs_live on preview_jobs (version_id, recipe_hash) where state in ('queued', 'running');
create index preview_jobs_by_version on preview_jobs (version_id, created_at desc);
create index preview_jobs_unfinished on preview_jobs (state, heartbeat_at) where state in ('queued', 'running');
-- Content addressing: the same master, recipe and tool are built once, then copied.
create index preview_jobs_by_content on preview_jobs (content_key) where state = 'done';
