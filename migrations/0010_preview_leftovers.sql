-- What a finished build leaves in previews once nobody watches it any more: a replaced preview, a repacked source.

alter table preview_jobs add column swept_at timestamptz(3);
create index preview_jobs_leftovers on preview_jobs (finished_at) where swept_at is null and prefix is not null and finished_at is not null;
