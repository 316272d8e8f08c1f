import { describe } from 'node:test';
import { type BrokenThing, namesEach } from './broken-thing.ts';
import { API, healthySystem, RELAY } from './healthy-system.ts';

const ACCESS: Readonly<Record<string, BrokenThing>> = {
  'a role without REPLICATION': {
    breaks: 'ALTER ROLE order_relay NOREPLICATION',
    of: RELAY,
    check: 'role',
    verdict: 'wrong',
    reason: /order_relay may not make or read a slot/,
  },
  'a role that does not see what others do': {
    breaks: 'REVOKE pg_read_all_stats FROM order_relay',
    of: RELAY,
    check: 'role',
    verdict: 'risky',
    reason: /cannot see whether/,
  },
  'a relay that is a superuser': {
    breaks: 'ALTER ROLE order_relay SUPERUSER',
    mends: 'ALTER ROLE order_relay NOSUPERUSER',
    of: RELAY,
    check: 'role',
    verdict: 'risky',
    reason: /is a superuser/,
  },
  'a grant on a column that the relay lacks': {
    breaks: 'REVOKE UPDATE (parked_at) ON outbox FROM order_relay',
    of: RELAY,
    check: 'grants',
    verdict: 'wrong',
    reason: /order_relay lacks UPDATE on "outbox"/,
  },
  'a grant on the progress that the relay lacks': {
    breaks: 'REVOKE INSERT ON relay_progress FROM order_relay',
    of: RELAY,
    check: 'grants',
    verdict: 'wrong',
    reason: /INSERT on "relay_progress"/,
  },
  'grants that the api lacks': {
    breaks: 'REVOKE INSERT ON order_items, outbox FROM order_api',
    of: API,
    check: 'grants',
    verdict: 'wrong',
    reason: /lacks INSERT on order_items, INSERT on outbox/,
  },
  'row-level security before the relay': {
    breaks: 'ALTER TABLE relay_progress ENABLE ROW LEVEL SECURITY',
    restores: 'ALTER ROLE order_relay NOBYPASSRLS; ALTER TABLE relay_progress DISABLE ROW LEVEL SECURITY',
    of: RELAY,
    check: 'row-level security',
    verdict: 'wrong',
    reason: /hide rows of "relay_progress" from order_relay/,
  },
  'row-level security before the api': {
    breaks: 'ALTER TABLE orders ENABLE ROW LEVEL SECURITY',
    restores: 'ALTER ROLE order_api NOBYPASSRLS; ALTER TABLE orders DISABLE ROW LEVEL SECURITY',
    of: API,
    check: 'row-level security',
    verdict: 'wrong',
    reason: /hide rows of orders from order_api/,
  },
};

describe('on a healthy system', () => {
  namesEach(healthySystem(), ACCESS);
});
