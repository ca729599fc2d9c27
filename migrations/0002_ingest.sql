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
  -- What the content turned out to be, whatever the name and the declared type say.
  sniffed_type text,
  -- Why it is not moving on, in words for people: a scanner that does not answer, for example.
  waiting text,
  -- One promoter at a time looks at the staged object; a claim that lapsed is anybody's.
  claimed_until timestamptz(3),
  created_by text references people,
  share_id text,
  guest_id text,
  staging_removed_at timestamptz(3),
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
create index uploads_by_person on uploads (created_by, id desc) where state in ('open', 'received', 'promoting');
create index uploads_staged on uploads (updated_at)
  where staging_removed_at is null and state in ('promoted', 'refused', 'expired', 'aborted');

-- Bytes a project holds and has promised: the quota is one guarded update of this row, so it is exact.
create table project_storage (
  project_id text primary key references projects,
  used_bytes bigint not null default 0 check (used_bytes >= 0),
  reserved_bytes bigint not null default 0 check (reserved_bytes >= 0)
);

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
  -- The last full read of the master, and when the bytes of a deleted version were gone.
  verified_at timestamptz(3),
  verify_asked_at timestamptz(3),
  purged_at timestamptz(3),
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

create index versions_unpurged on versions (deleted_at) where deleted_at is not null and purged_at is null;
create index versions_to_verify on versions (verified_at nulls first) where master_version_id is not null and deleted_at is null;

-- The server-side copy of a staged object to its master. What is done already survives a kill at any byte.
create table master_copies (
  version_id text primary key references versions,
  fence integer not null default 0,
  lease_until timestamptz(3),
  attempts integer not null default 0,
  scanned_at timestamptz(3),
  scan_verdict text check (scan_verdict in ('off', 'clean', 'infected')),
  storage_upload_id text,
  part_bytes bigint check (part_bytes > 0),
  bytes_done bigint not null default 0,
  done_at timestamptz(3),
  created_at timestamptz(3) not null default now(),
  check ((storage_upload_id is null) = (part_bytes is null))
);

create table master_copy_parts (
  version_id text not null references master_copies,
  storage_upload_id text not null,
  part_number integer not null check (part_number between 1 and 10000),
  etag text not null,
  primary key (version_id, storage_upload_id, part_number)
);

-- Every full read of a master and what it found.
create table verifications (
  id text primary key check (id like 'vrf\_%'),
  version_id text not null references versions,
  at timestamptz(3) not null default now(),
  cause text not null check (cause in ('build', 'schedule', 'request')),
  bytes bigint not null,
  sha256 text check (sha256 ~ '^[0-9a-f]{64}$'),
  xxh128 text check (xxh128 ~ '^[0-9a-f]{32}$'),
  c4 text check (c4 ~ '^c4[1-9A-HJ-NP-Za-km-z]{88}$'),
  is_intact boolean not null,
  fault text,
  check (is_intact = (fault is null))
);
create index verifications_by_version on verifications (version_id, at desc);

-- ASC MHL generations as they lie in the docs bucket.
create table custody_manifests (
  version_id text not null references versions,
  generation integer not null check (generation >= 1),
  file_name text not null,
  c4 text not null,
  doc_key text not null unique,
  created_at timestamptz(3) not null default now(),
  primary key (version_id, generation)
);
