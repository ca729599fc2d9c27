-- A process may die between the commit of what a request did and the note of its answer. The mark is written in the
-- transaction of the deed, so the repeated request neither does it twice nor believes that nothing happened.

alter table idempotency_keys
  add column fence integer not null default 1,
  add column effect_at timestamptz(3);
