-- The relay asks for the oldest rows of one queue; those of another may be many, and stuck.
create index outbox_by_topic on outbox (topic, id);
