-- Why an accepted build cannot move on, as uploads have it.
alter table preview_jobs add column waiting text;
