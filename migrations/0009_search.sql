-- After one or two letters nearly every comment matches: the latest are read until there are enough.
create index comments_by_project on comments (project_id, created_at desc, id desc) where deleted_at is null;
