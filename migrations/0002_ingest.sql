-- Uploads, assets and their versions: from staging to the locked master.

create table assets (
  id text primary key check (id like 'ast\_%'),
  project_id text not null references projects,
  folder_id text,
  name text not null check (length(name) between 1 and 255),
  current_version_id text,
  created_by text references people,
  revision integer not null default 1,
  created_at timestamptz(3) not null default now(),
  updated_at timestamptz(3) not null default now(),
  deleted_at timestamptz(3),
  unique (project_id, id),
  foreign key (project_id, folder_id) references folders (project_id, id)
);
create index assets_by_folder on assets (project_id, folder_id, created_at desc, id desc) where deleted_at is null;

create table uploads (
  id text primary key check (id like 'upl\_%'),
  project_id text not null references projects,
  folder_id text,
  asset_id text,
  name text not null check (length(name) between 1 and 255),
  bytes bigint not null check (bytes between 1 and 5497558138880),
  content_type text not null check (length(content_type) between 3 and 200),
  client_sha256 text check (client_sha256 ~ '^[0-9a-f]{64}$'),
  manifest jsonb,
  method text not null check (method in ('put', 'multipart')),
  part_bytes bigint check (part_bytes > 0),
  storage_key text not null unique,
  storage_upload_id text,
  etag text,
  state text not null default 'open'
    check (state in ('open', 'received', 'promoting', 'promoted', 'refused', 'expired', 'aborted')),
  reason_code text,
  reason text,
  created_by text references people,
  share_id text,
  received_at timestamptz(3),
  expires_at timestamptz(3) not null,
  created_at timestamptz(3) not null default now(),
  updated_at timestamptz(3) not null default now(),
  foreign key (project_id, folder_id) references folders (project_id, id),
  foreign key (project_id, asset_id) references assets (project_id, id),
  check ((method = 'multipart') = (part_bytes is not null)),
  check ((state = 'refused') = (reason is not null)),
  check (state in ('open', 'aborted', 'expired') or received_at is not null)
);
create index uploads_open on uploads (expires_at) where state in ('open', 'received', 'promoting');
create index uploads_by_project on uploads (project_id, created_at desc, id desc);

create table versions (
  id text primary key check (id like 'ver\_%'),
  project_id text not null references projects,
  asset_id text not null,
  upload_id text not null unique references uploads,
  number integer not null check (number >= 1),
  state text not null default 'promoting'
    check (state in ('promoting', 'mastered', 'building', 'playable', 'ready', 'failed')),
  reason_code text,
  reason text,
  name text not null check (length(name) between 1 and 255),
  bytes bigint not null check (bytes >= 1),
  content_type text not null,
  master_key text not null unique,
  master_version_id text,
  master_etag text,
  sha256 text check (sha256 ~ '^[0-9a-f]{64}$'),
  xxh128 text check (xxh128 ~ '^[0-9a-f]{32}$'),
  c4 text check (c4 ~ '^c4[1-9A-HJ-NP-Za-km-z]{88}$'),
  client_sha256 text check (client_sha256 ~ '^[0-9a-f]{64}$'),
  manifest jsonb,
  lock_mode text check (lock_mode in ('GOVERNANCE', 'COMPLIANCE')),
  lock_until timestamptz(3),
  lock_read_at timestamptz(3),
  legal_hold boolean not null default false,
  hold_reason text,
  hold_placed_by text references people,
  media jsonb,
  preview jsonb,
  created_by text references people,
  created_at timestamptz(3) not null default now(),
  updated_at timestamptz(3) not null default now(),
  deleted_at timestamptz(3),
  unique (asset_id, number),
  unique (project_id, id),
  foreign key (project_id, asset_id) references assets (project_id, id),
  -- Fail closed: nothing counts as mastered before the lock was read back from the storage.
  check (state in ('promoting', 'failed') or
         (master_version_id is not null and lock_mode is not null and lock_until is not null and lock_read_at is not null)),
  check ((state = 'failed') = (reason is not null)),
  check (state <> 'ready' or preview is not null),
  check (not legal_hold or (hold_reason is not null and hold_placed_by is not null))
);
create index versions_by_asset on versions (asset_id, number desc);
create index versions_unfinished on versions (state, updated_at) where state in ('promoting', 'mastered', 'building', 'playable');

alter table assets add foreign key (current_version_id) references versions;
