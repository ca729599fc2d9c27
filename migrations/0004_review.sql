-- What reviewers leave behind: shares, comments, approvals, requests for review, notices.

-- Search as you type over names and comments; a trusted extension, so the owner of the database may add it.
create extension if not exists pg_trgm;

create table shares (
  id text primary key check (id like 'shr\_%'),
  project_id text not null references projects,
  name text not null check (length(name) between 1 and 200),
  -- The link is derived from id and rotation, so a manager can copy it again; at rest there is its hash only.
  rotation integer not null default 1,
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
create index share_versions_by_version on share_versions (version_id);

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
  -- The visit that wrote it: whoever opens the same link tomorrow is someone else.
  author_guest_id text,
  author_name text not null check (length(author_name) between 1 and 200),
  -- The comment of an older version this one continues.
  carried_from text references comments,
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
create index comments_by_time on comments (version_id, created_at, id);
create index comments_open on comments (version_id)
  where resolved_at is null and deleted_at is null and reply_to is null;
create index comments_by_text on comments using gin (lower(text) gin_trgm_ops);
create unique index comments_carried_once on comments (version_id, carried_from) where carried_from is not null;
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

-- Whose verdict is asked for, and until when.
create table review_requests (
  id text primary key check (id like 'rvr\_%'),
  project_id text not null references projects,
  version_id text not null,
  person_id text not null references people,
  due_at timestamptz(3),
  note text check (length(note) between 1 and 2000),
  requested_by text not null references people,
  created_at timestamptz(3) not null default now(),
  unique (version_id, person_id),
  foreign key (project_id, version_id) references versions (project_id, id)
);
create index review_requests_by_person on review_requests (person_id, created_at desc, id desc);

-- The verdict of a version, kept in step with approvals and requests by whoever writes them: lists filter by it.
alter table versions add column verdict text not null default 'none'
  check (verdict in ('none', 'approved', 'changes-requested'));

create table comment_reactions (
  comment_id text not null references comments,
  emoji text not null check (length(emoji) between 1 and 16),
  actor text not null,
  name text not null check (length(name) between 1 and 200),
  at timestamptz(3) not null default now(),
  primary key (comment_id, emoji, actor)
);

-- Small files beside a comment; the bytes are in the docs bucket.
create table comment_attachments (
  id text primary key check (id like 'att\_%'),
  comment_id text not null references comments,
  name text not null check (length(name) between 1 and 255),
  content_type text not null check (length(content_type) between 3 and 200),
  bytes bigint not null check (bytes between 1 and 26214400),
  storage_key text not null unique,
  created_at timestamptz(3) not null default now()
);
create index comment_attachments_by_comment on comment_attachments (comment_id, id);

-- What a person should look at: the list behind the bell.
create table notices (
  id text primary key check (id like 'ntc\_%'),
  person_id text not null references people,
  project_id text not null references projects,
  kind text not null check (kind in ('mention', 'reply', 'review-requested', 'verdict')),
  asset_id text not null references assets,
  version_id text not null references versions,
  comment_id text references comments,
  actor_name text not null check (length(actor_name) between 1 and 200),
  text text not null,
  due_at timestamptz(3),
  read_at timestamptz(3),
  at timestamptz(3) not null default now()
);
create index notices_by_person on notices (person_id, at desc, id desc);

create index assets_by_name on assets (project_id, lower(name), id) where deleted_at is null;
create index assets_by_change on assets (project_id, updated_at desc, id desc) where deleted_at is null;
create index assets_by_time on assets (project_id, created_at desc, id desc) where deleted_at is null;
create index assets_by_part_of_name on assets using gin (lower(name) gin_trgm_ops) where deleted_at is null;
