-- A file beside a comment counts from when its bytes are in the docs bucket.
alter table comment_attachments add column received_at timestamptz(3);
