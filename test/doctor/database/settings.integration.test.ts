import { describe } from 'node:test';
import { type BrokenThing, namesEach } from './broken-thing.ts';
import { API, healthySystem, RELAY } from './healthy-system.ts';

const SETTINGS: Readonly<Record<string, BrokenThing>> = {
  'a hostile time limit of a role': {
    breaks: "ALTER ROLE order_relay IN DATABASE orders SET statement_timeout = '500ms'",
    of: RELAY,
    check: 'role settings',
    verdict: 'risky',
    reason: /order_relay IN DATABASE orders SET statement_timeout = '500ms'/,
  },
  'a hostile time limit of a database': {
    breaks: 'ALTER DATABASE orders SET lock_timeout = 900',
    of: API,
    check: 'role settings',
    verdict: 'risky',
    reason: /ALTER DATABASE orders SET lock_timeout = '900'/,
  },
  'a library path without pgoutput': {
    breaks: "ALTER ROLE order_relay SET dynamic_library_path = '/nowhere'",
    of: RELAY,
    check: 'role settings',
    verdict: 'wrong',
    reason: /dynamic_library_path = '\/nowhere'/,
  },
  'no synchronous commits': {
    breaks: 'ALTER ROLE order_api SET synchronous_commit = off',
    of: API,
    check: 'synchronous_commit',
    verdict: 'risky',
    reason: /may lose orders that were acknowledged/,
  },
  'no limit for the WAL of a slot': {
    breaks: 'ALTER SYSTEM SET max_slot_wal_keep_size = -1; SELECT pg_reload_conf()',
    of: RELAY,
    check: 'max_slot_wal_keep_size',
    verdict: 'risky',
    reason: /until the disk is full/,
  },
  'a limit for the WAL of a slot that comes before that of the relay': {
    breaks: "ALTER SYSTEM SET max_slot_wal_keep_size = '1GB'; SELECT pg_reload_conf()",
    of: RELAY,
    check: 'max_slot_wal_keep_size',
    verdict: 'risky',
    reason: /1024 MB is not more than RELAY_WAL_LIMIT_MB, 4096/,
  },
  'connections that are never given up': {
    breaks: 'ALTER SYSTEM SET wal_sender_timeout = 0; SELECT pg_reload_conf()',
    of: RELAY,
    check: 'wal_sender_timeout',
    verdict: 'risky',
    reason: /it is 0/,
  },
  'transactions that may stay open': {
    breaks: 'ALTER SYSTEM SET idle_in_transaction_session_timeout = 0; SELECT pg_reload_conf()',
    of: RELAY,
    check: 'idle_in_transaction_session_timeout',
    verdict: 'risky',
    reason: /blocks the making of the slot/,
  },
  'that it is Azure, and what nobody can set there': {
    breaks:
      "ALTER ROLE order_relay SET azure.extensions = ''; ALTER SYSTEM SET max_slot_wal_keep_size = -1; SELECT pg_reload_conf()",
    mends:
      "ALTER ROLE order_relay RESET azure.extensions; ALTER SYSTEM SET max_slot_wal_keep_size = '16GB'; SELECT pg_reload_conf()",
    of: RELAY,
    check: 'max_slot_wal_keep_size',
    verdict: 'risky',
    reason: /on Azure nobody can set it/,
  },
  'a disk that is not waited for': {
    breaks: 'ALTER SYSTEM SET full_page_writes = off; SELECT pg_reload_conf()',
    of: API,
    check: 'crash safety',
    verdict: 'risky',
    reason: /full_page_writes off/,
  },
};

describe('on a healthy system', () => {
  namesEach(healthySystem(), SETTINGS);
});
