-- What a browser can compute as fast as a line carries; SHA-256 stays for who sends that.
alter table uploads add column client_xxh128 text check (client_xxh128 ~ '^[0-9a-f]{32}$');
alter table versions add column client_xxh128 text check (client_xxh128 ~ '^[0-9a-f]{32}$');
-- A master of the same xxh128 may have been built before; its SHA-256 decides.
create index versions_by_xxh128 on versions (xxh128) where xxh128 is not null;
