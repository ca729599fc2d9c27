-- What reviewers leave behind: shares, comments, approvals.

create table shares (
  id text primary key check (id like 'shr\_%'),
  project_id text not null references projects,
  name text not null check (length(name) between 1 and 200),
  token_hash bytea not null unique check (length(token_hash) = 32),
  passphrase_hash text,
  allow_comment boolean not null default false,
  allow_approve boolean not null default false,
  allow_download boolean not null default false,
  allow_upload boolean not null default false,
  watermark text check (length(watermark) between 1 and 200),
  expires_at timestamptz(3),
  revoked_at timestamptz(3),
  created_by text not null references people,
  revision integer not null default 1,
  created_at timestamptz(3) not null default now(),
  updated_at timestamptz(3) not null default now(),
  unique (project_id, id)
);
create index shares_by_project on shares (project_id, created_at desc, id desc);

create table share_versions (
  share_id text not null,
  version_id text not null,
  project_id text not null,
  position integer not null,
  primary key (share_id, version_id),
  foreign key (project_id, share_id) references shares (project_id, id),
  foreign key (project_id, version_id) references versions (project_id, id)
);

-- One row per guest session and per download: who looked, when.
create table share_visits (
  id text primary key check (id like 'vis\_%'),
  share_id text not null references shares,
  guest_name text check (length(guest_name) between 1 and 200),
  kind text not null check (kind in ('view', 'download')),
  version_id text references versions,
  at timestamptz(3) not null default now()
);
create index share_visits_by_share on share_visits (share_id, at desc, id desc);

create table comments (
  id text primary key check (id like 'cmt\_%'),
  project_id text not null references projects,
  version_id text not null,
  reply_to text,
  frame integer not null check (frame >= 0),
  end_frame integer check (end_frame >= frame),
  text text not null check (length(text) between 1 and 10000),
  drawing jsonb,
  mentions text[] not null default '{}',
  author_person_id text references people,
  author_share_id text references shares,
  author_name text not null check (length(author_name) between 1 and 200),
  resolved_at timestamptz(3),
  resolved_by_name text,
  edited_at timestamptz(3),
  deleted_at timestamptz(3),
  revision integer not null default 1,
  created_at timestamptz(3) not null default now(),
  updated_at timestamptz(3) not null default now(),
  unique (version_id, id),
  foreign key (project_id, version_id) references versions (project_id, id),
  foreign key (version_id, reply_to) references comments (version_id, id),
  check ((author_person_id is null) <> (author_share_id is null)),
  check ((resolved_at is null) = (resolved_by_name is null))
);
create index comments_by_version on comments (version_id, frame, created_at, id);
create index comments_replies on comments (reply_to) where reply_to is not null;

create table approvals (
  id text primary key check (id like 'apr\_%'),
  project_id text not null references projects,
  version_id text not null,
  verdict text not null check (verdict in ('approved', 'changes-requested')),
  note text check (length(note) between 1 and 10000),
  person_id text references people,
  share_id text references shares,
  name text not null check (length(name) between 1 and 200),
  at timestamptz(3) not null default now(),
  foreign key (project_id, version_id) references versions (project_id, id),
  check ((person_id is null) <> (share_id is null))
);
create index approvals_by_version on approvals (version_id, at desc, id desc);
