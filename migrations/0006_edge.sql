-- What every edge must have forgotten. The sequence has commit order (one lock), so an edge that knows everything
-- up to n has missed nothing; it starts from the clock, so a restored or new database still counts upwards. One row per version: catching up costs the versions that changed, not the changes.

create table edge_generations (
  version_id text primary key,
  sequence bigint not null unique check (sequence >= 1),
  denied boolean not null default false,
  changed_at timestamptz(3) not null default now()
);

-- deny: true takes the version down, false lets it be seen again, null leaves that as it is.
create function advance_edge_generation(version text, deny boolean) returns bigint language plpgsql as $$
declare reached bigint;
begin
  perform pg_advisory_xact_lock(7265687395);
  insert into edge_generations (version_id, sequence, denied)
  values (
    version,
    (select greatest(coalesce(max(sequence), 0) + 1, floor(extract(epoch from clock_timestamp()) * 1000)::bigint)
     from edge_generations),
    coalesce(deny, false))
  on conflict (version_id) do update
    set sequence = excluded.sequence, denied = coalesce(deny, edge_generations.denied), changed_at = now()
  returning sequence into reached;
  return reached;
end $$;

-- In the schema, so that no way of deleting or rebuilding a version can forget the edges.
create function tell_edges_of_version() returns trigger language plpgsql as $$
begin
  if new.deleted_at is distinct from old.deleted_at then
    perform advance_edge_generation(new.id, new.deleted_at is not null);
  elsif old.preview ->> 'prefix' is distinct from new.preview ->> 'prefix' and old.preview ->> 'prefix' is not null then
    perform advance_edge_generation(new.id, null);
  elsif new.state = old.state or new.state not in ('playable', 'ready') then
    return null;
  end if;
  insert into outbox (topic, key, body) values ('edge:purge', new.id, jsonb_build_object('v', 1, 'id', new.id));
  return null;
end $$;
create trigger versions_tell_edges after update on versions
  for each row when (new.deleted_at is distinct from old.deleted_at
    or new.preview is distinct from old.preview or new.state is distinct from old.state)
  execute function tell_edges_of_version();
