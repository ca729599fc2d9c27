-- People, projects, who may enter which, and folders.

create table people (
  id text primary key check (id like 'per\_%'),
  issuer text,
  subject text,
  email text not null check (email = lower(email) and email like '%_@_%'),
  name text not null check (length(name) between 1 and 200),
  deployment_role text not null default 'member' check (deployment_role in ('admin', 'member')),
  created_at timestamptz(3) not null default now(),
  unique (email),
  unique (issuer, subject),
  check ((issuer is null) = (subject is null))
);

create table projects (
  id text primary key check (id like 'prj\_%'),
  name text not null check (length(name) between 1 and 200),
  lock_mode text not null check (lock_mode in ('GOVERNANCE', 'COMPLIANCE')),
  lock_days integer not null check (lock_days between 1 and 36500),
  storage_class text not null default 'STANDARD' check (storage_class ~ '^[A-Z_]{1,40}$'),
  quota_bytes bigint check (quota_bytes >= 0),
  allowed_types text[],
  reviewers_may_download boolean not null default false,
  created_by text not null references people,
  revision integer not null default 1,
  created_at timestamptz(3) not null default now(),
  updated_at timestamptz(3) not null default now(),
  deleted_at timestamptz(3)
);

create table memberships (
  project_id text not null references projects,
  person_id text not null references people,
  role text not null check (role in ('manager', 'editor', 'reviewer', 'viewer')),
  created_at timestamptz(3) not null default now(),
  primary key (project_id, person_id)
);
create index memberships_by_person on memberships (person_id);

create table folders (
  id text primary key check (id like 'fld\_%'),
  project_id text not null references projects,
  parent_id text,
  name text not null check (length(name) between 1 and 255),
  revision integer not null default 1,
  created_at timestamptz(3) not null default now(),
  updated_at timestamptz(3) not null default now(),
  unique (project_id, id),
  foreign key (project_id, parent_id) references folders (project_id, id),
  check (parent_id <> id)
);
create unique index folders_by_name on folders (project_id, coalesce(parent_id, ''), lower(name));
