-- Events are forgotten after a while; their numbers go on, and who asks for what is gone is told so.
create table event_numbers (
  only_row boolean primary key default true check (only_row),
  last bigint not null,
  -- Everything up to here may be gone.
  trimmed bigint not null default 0 check (trimmed <= last)
);
insert into event_numbers (last) select coalesce(max(seq), 0) from event_log;
