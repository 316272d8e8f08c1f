import { describe } from 'node:test';
import { type BrokenThing, namesEach } from './broken-thing.ts';
import { API, healthySystem, RELAY } from './healthy-system.ts';

const SCHEMA: Readonly<Record<string, BrokenThing>> = {
  'columns that are not there': {
    breaks: 'ALTER TABLE outbox RENAME COLUMN deferred_at TO deferred',
    mends: 'ALTER TABLE outbox RENAME COLUMN deferred TO deferred_at',
    of: RELAY,
    check: 'table',
    verdict: 'wrong',
    reason: /has no deferred_at/,
  },
  'a schema that is behind': {
    breaks:
      'CREATE TABLE applied AS SELECT * FROM drizzle.__drizzle_migrations; DELETE FROM drizzle.__drizzle_migrations',
    mends: 'INSERT INTO drizzle.__drizzle_migrations SELECT * FROM applied; DROP TABLE applied',
    of: API,
    check: 'schema',
    verdict: 'wrong',
    reason: /is not applied/,
  },
  'a schema that the api may not look into': {
    breaks: 'REVOKE USAGE ON SCHEMA drizzle FROM order_api',
    of: API,
    check: 'schema',
    verdict: 'wrong',
    reason: /may not see which migrations are applied: permission denied for schema drizzle/,
  },
  'a search_path that leads elsewhere': {
    breaks: 'ALTER ROLE order_api SET search_path = nowhere',
    mends: 'ALTER ROLE order_api RESET search_path',
    of: API,
    check: 'schema',
    verdict: 'wrong',
    reason: /no table outbox on the search_path \(nowhere\)/,
  },
};

describe('on a healthy system', () => {
  namesEach(healthySystem(), SCHEMA);
});
