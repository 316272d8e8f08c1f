-- Who waits for a lock makes others wait behind it. If it fails of this, run it again.
SET LOCAL lock_timeout = '5s';

-- Anyone may insert: message_id, message_type and message_body are enough. The relay alone writes from processed_at on.
CREATE TABLE IF NOT EXISTS "outbox" (message_id uuid PRIMARY KEY WITH (fillfactor = 45));
ALTER TABLE "outbox"
  ADD COLUMN IF NOT EXISTS message_type text NOT NULL,
  ADD COLUMN IF NOT EXISTS message_body jsonb NOT NULL,
  ADD COLUMN IF NOT EXISTS created_at timestamp(3) with time zone NOT NULL DEFAULT now(),
  ADD COLUMN IF NOT EXISTS position bigint GENERATED ALWAYS AS IDENTITY,
  ADD COLUMN IF NOT EXISTS aggregate_id text,
  ADD COLUMN IF NOT EXISTS correlation_id text,
  ADD COLUMN IF NOT EXISTS causation_id text,
  ADD COLUMN IF NOT EXISTS user_id text,
  ADD COLUMN IF NOT EXISTS metadata jsonb CONSTRAINT "outbox_metadata_valid" CHECK (metadata IS NULL OR jsonb_typeof(metadata) = 'object'),
  ADD COLUMN IF NOT EXISTS traceparent text,
  ADD COLUMN IF NOT EXISTS tracestate text,
  ADD COLUMN IF NOT EXISTS processed_at timestamp(3) with time zone,
  ADD COLUMN IF NOT EXISTS parked_at timestamp(3) with time zone,
  ADD COLUMN IF NOT EXISTS dropped_at timestamp(3) with time zone,
  ADD COLUMN IF NOT EXISTS retry_count integer NOT NULL DEFAULT 0,
  ADD COLUMN IF NOT EXISTS next_retry_at timestamp(3) with time zone,
  ADD COLUMN IF NOT EXISTS error_message text,
  ADD COLUMN IF NOT EXISTS deferred_at timestamp(3) with time zone,
  ADD COLUMN IF NOT EXISTS aggregate_version integer,
  ADD COLUMN IF NOT EXISTS destination text;

-- Nothing is planned by what is in these two, and it takes long to collect.
ALTER TABLE "outbox" ALTER COLUMN message_body SET STATISTICS 0, ALTER COLUMN metadata SET STATISTICS 0;

-- Marks leave old entries behind: they need room in the two indexes that have all rows.
CREATE INDEX IF NOT EXISTS "idx_outbox_unsettled" ON "outbox" (position)
  WHERE processed_at IS NULL AND parked_at IS NULL AND dropped_at IS NULL;
CREATE INDEX IF NOT EXISTS "idx_outbox_held" ON "outbox" (aggregate_id, position)
  WHERE (parked_at IS NOT NULL OR deferred_at IS NOT NULL) AND processed_at IS NULL AND dropped_at IS NULL;
CREATE INDEX IF NOT EXISTS "idx_outbox_aggregate_id" ON "outbox" (aggregate_id)
  WITH (fillfactor = 45) WHERE aggregate_id IS NOT NULL;

-- How far everything is settled, a row for each slot.
CREATE TABLE IF NOT EXISTS "relay_progress" (slot text PRIMARY KEY);
ALTER TABLE "relay_progress"
  ADD COLUMN IF NOT EXISTS settled_lsn pg_lsn,
  ADD COLUMN IF NOT EXISTS marked_lsn pg_lsn,
  ADD COLUMN IF NOT EXISTS publication_version text,
  ADD COLUMN IF NOT EXISTS system_identifier text NOT NULL,
  ADD COLUMN IF NOT EXISTS timeline integer NOT NULL,
  ADD COLUMN IF NOT EXISTS epoch bigint NOT NULL,
  ADD COLUMN IF NOT EXISTS updated_at timestamp(3) with time zone NOT NULL DEFAULT now(),
  ADD COLUMN IF NOT EXISTS confirmed_at timestamp(3) with time zone;

-- A re-send must carry the same id and the same bytes. UPDATE OF: the relay's marks never run it.
CREATE OR REPLACE FUNCTION "outbox_message_is_immutable"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'an outbox message does not change once inserted; insert another one'
    USING ERRCODE = 'restrict_violation', TABLE = 'outbox';
END $$;
CREATE OR REPLACE TRIGGER "outbox_message_is_immutable"
  BEFORE UPDATE OF message_id, message_type, message_body ON "outbox"
  FOR EACH ROW EXECUTE FUNCTION "outbox_message_is_immutable"();

-- Inserts only: the relay's own marks and the retention's deletes must not come back to it as events.
DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_publication WHERE pubname = 'outbox') THEN
    CREATE PUBLICATION "outbox" FOR TABLE "outbox"
      WITH (publish = 'insert', publish_via_partition_root = true);
  END IF;
END $$;
