import { describe } from 'node:test';
import { type BrokenThing, namesEach } from './broken-thing.ts';
import { healthySystem, RELAY, SLOT } from './healthy-system.ts';

const GONE = `SELECT pg_drop_replication_slot('${SLOT}')`;

const REPLICATION: Readonly<Record<string, BrokenThing>> = {
  'a publication that is not there': {
    breaks: 'DROP PUBLICATION order_outbox',
    mends:
      "CREATE PUBLICATION order_outbox FOR TABLE outbox WITH (publish = 'insert', publish_via_partition_root = true)",
    of: RELAY,
    check: 'publication',
    verdict: 'wrong',
    reason: /order_outbox does not exist/,
  },
  'a publication with a filter': {
    breaks: "ALTER PUBLICATION order_outbox SET TABLE outbox WHERE (message_type <> 'OrderCreated')",
    of: RELAY,
    check: 'publication',
    verdict: 'wrong',
    reason: /has a row filter, which hides events/,
  },
  'a publication without inserts': {
    breaks: "ALTER PUBLICATION order_outbox SET (publish = 'update')",
    of: RELAY,
    check: 'publication',
    verdict: 'wrong',
    reason: /does not publish inserts/,
  },
  'a slot of another plugin': {
    breaks: `SELECT pg_create_logical_replication_slot('${SLOT}', 'test_decoding')`,
    mends: GONE,
    of: RELAY,
    check: 'slot',
    verdict: 'wrong',
    reason: /is not a pgoutput slot of this database/,
  },
  'a slot that nobody reads': {
    breaks: `SELECT pg_create_logical_replication_slot('${SLOT}', 'pgoutput')`,
    mends: GONE,
    of: RELAY,
    check: 'slot',
    verdict: 'risky',
    reason: /no relay streams from order_outbox, and it keeps WAL/,
  },
  'progress of another cluster': {
    breaks: `INSERT INTO relay_progress (slot, epoch, system_identifier, timeline) VALUES ('${SLOT}', 1, '4711', 1)`,
    mends: 'DELETE FROM relay_progress',
    of: RELAY,
    check: 'progress',
    verdict: 'wrong',
    reason: /not the database .* written in the cluster 4711/,
  },
  'an event that does not move': {
    breaks: `INSERT INTO outbox (message_id, message_type, message_body, created_at)
      VALUES (gen_random_uuid(), 'Stuck', '{}', now() - interval '1 hour')`,
    mends: 'TRUNCATE outbox',
    of: RELAY,
    check: 'oldest event',
    verdict: 'wrong',
    reason: /the oldest event has waited for 3\d\d\d s/,
  },
  'a message that is parked': {
    breaks: `INSERT INTO outbox (message_id, message_type, message_body, parked_at)
      VALUES (gen_random_uuid(), 'Parked', '{}', now())`,
    mends: 'TRUNCATE outbox',
    of: RELAY,
    check: 'parked',
    verdict: 'risky',
    reason: /1 parked, and 0 waiting/,
  },
};

describe('on a healthy system', () => {
  namesEach(healthySystem(), REPLICATION);
});
