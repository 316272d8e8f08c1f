-- Inserts only: the relay's own marks and the retention's deletes must not come back to it as events,
-- and a publication of deletes would make the application's DELETE depend on the replica identity.
CREATE PUBLICATION order_outbox FOR TABLE outbox
  WITH (publish = 'insert', publish_via_partition_root = true);
--> statement-breakpoint
CREATE FUNCTION outbox_message_is_immutable() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'an outbox message does not change once inserted; insert another one'
    USING ERRCODE = 'restrict_violation', TABLE = 'outbox';
END $$;
--> statement-breakpoint
-- A re-send must carry the same id and the same bytes. UPDATE OF: the relay's marks never run it.
CREATE TRIGGER outbox_message_is_immutable
  BEFORE UPDATE OF message_id, message_type, message_body ON outbox
  FOR EACH ROW EXECUTE FUNCTION outbox_message_is_immutable();
