import assert from 'node:assert/strict';
import { test } from 'node:test';
import { JUDGES as OF_ENTITY } from '../../doctor/broker/entity-checks.ts';
import { mendSending } from '../../doctor/broker/examine-broker.ts';
import { judgeClock } from '../../doctor/clock.ts';
import { judgeConnections } from '../../doctor/database/api-checks.ts';
import { judgeOldest, judgeOpen, judgeParked } from '../../doctor/database/flow-checks.ts';
import { judgeWaiting } from '../../doctor/database/inbox-checks.ts';
import { judgePooler } from '../../doctor/database/orders-checks.ts';
import { publicationCommand, tableCommand } from '../../doctor/database/relay-checks.ts';
import { JUDGES, type ReplicationSettings } from '../../doctor/database/replication-settings.ts';
import { judgeRoleSettings } from '../../doctor/database/role-settings.ts';
import { judgeEncryption, judgeVersion } from '../../doctor/database/server-checks.ts';
import { judgeFailover, judgeProgress, judgeSlot, judgeWal } from '../../doctor/database/slot-checks.ts';
import { judgeReadiness } from '../../doctor/examine-process.ts';
import type { Judgement } from '../../doctor/finding.ts';
import { REFUSED, WITHSTOOD } from '../faults/support/hostile-settings.ts';

// What is judged of facts that are hard to come by. Those that a test can make for real: the tests beside this one.

const MB = 1024 * 1024;
const RESERVED = { retainedBytes: 0, status: 'reserved', safeBytes: undefined, keepBytes: undefined };
const SLOT = { active: false, confirmedLsn: 1n, lost: false, failover: true };
const SETTINGS: ReplicationSettings = {
  walLevel: 'logical',
  slots: 10,
  slotsTaken: 3,
  hasSlot: false,
  senders: 10,
  slotWalMb: 8192,
  senderTimeoutMs: 60_000,
  idleInTransactionMs: 60_000,
  idleSlotMs: 0,
  isAzure: false,
  syncsSlots: false,
};
const AZURE = { ...SETTINGS, isAzure: true };
const RELAY = { walLimitMb: 4096 };
const OPEN = { pid: 7, name: 'psql', seconds: 90, end: 'SELECT pg_terminate_backend(7);' };

const CASES: readonly [judged: Judgement, verdict: string, reason: RegExp, command?: RegExp][] = [
  [judgeVersion({ version: 140_010 }), 'wrong', /PostgreSQL 14 is older than 15/],
  [judgeVersion({ version: 150_004 }), 'right', /15/],
  [judgeVersion({ version: 180_000 }), 'right', /18/],
  [judgeVersion({ version: 190_000 }), 'risky', /19 has not been tried/],
  [judgeEncryption('postgres://db.example/orders', { isEncrypted: false }), 'risky', /sslmode=verify-full/],
  [judgeEncryption('postgres://db.example/orders', { isEncrypted: true }), 'right', /encrypted/],
  [judgeEncryption('postgres://localhost/orders', { isEncrypted: false }), 'right', /on this machine/],
  [judgeClock(5_000), 'right', /same/],
  [judgeClock(61_000), 'risky', /61 s ahead of this machine/],
  [judgeClock(-61_000), 'risky', /61 s behind/],
  [judgePooler({ pooler: 'prepares' }), 'right', /knows prepared/],
  [judgePooler({ pooler: 'parses anew' }), 'risky', /max_prepared_statements/],
  [judgeWaiting(new Map()), 'right', /no message waits/],
  [judgeWaiting(new Map([['refunds', 2]])), 'risky', /^2 of refunds: a person/],
  [judgeConnections({ used: 92, most: 97 }, 8), 'risky', /5 of 97 connections are free.* up to 9/],
  [judgeConnections({ used: 88, most: 97 }, 8), 'right', /9 of 97/],
  [JUDGES.wal_level({ ...SETTINGS, walLevel: 'replica' }), 'wrong', /it is replica/, /wal_level = logical/],
  [
    JUDGES.max_replication_slots({ ...SETTINGS, slotsTaken: 10 }),
    'wrong',
    /all 10/,
    /max_replication_slots = 15/,
  ],
  [JUDGES.max_replication_slots({ ...SETTINGS, slotsTaken: 10, hasSlot: true }), 'right', /10 of 10/],
  [JUDGES.max_wal_senders({ ...SETTINGS, senders: 0 }), 'wrong', /nobody can stream/, /max_wal_senders = 10/],
  [JUDGES.max_wal_senders({ ...SETTINGS, senders: 9 }), 'risky', /9 for 10 slots/],
  [
    JUDGES.max_slot_wal_keep_size({ ...SETTINGS, slotWalMb: 4096 }, RELAY),
    'risky',
    /is not more than/,
    /'8192MB'/,
  ],
  [
    JUDGES.idle_replication_slot_timeout({ ...SETTINGS, idleSlotMs: 1 }),
    'risky',
    /is dropped/,
    /timeout = 0/,
  ],
  [JUDGES.idle_replication_slot_timeout({ ...SETTINGS, idleSlotMs: undefined }), 'right', /off/],
  [
    JUDGES.wal_level({ ...AZURE, walLevel: 'replica' }),
    'wrong',
    /it is replica/,
    /^az postgres flexible-server parameter set .* --name wal_level --value logical$/,
  ],
  [
    JUDGES.max_slot_wal_keep_size({ ...AZURE, slotWalMb: -1 }, RELAY),
    'risky',
    /on Azure nobody can set it/,
    /outbox -- guard --max-wal 8192MB/,
  ],
  [
    JUDGES.max_slot_wal_keep_size({ ...SETTINGS, slotWalMb: -1 }, RELAY),
    'risky',
    /disk is full/,
    /'8192MB'; SELECT/,
  ],
  [JUDGES.wal_sender_timeout({ ...AZURE, senderTimeoutMs: 0 }), 'risky', /it is 0/, /--value 60s$/],
  [JUDGES.sync_replication_slots(SETTINGS), 'right', /a stand-by has its own/],
  [JUDGES.sync_replication_slots(AZURE), 'risky', /settles from the table/, /--name sync_replication_slots/],
  [JUDGES.sync_replication_slots({ ...AZURE, syncsSlots: true }), 'right', /has a copy/],
  [JUDGES.sync_replication_slots({ ...AZURE, syncsSlots: undefined }), 'right', /from 17 on/],
  [judgeFailover(true, 'auto'), 'right', /have a copy/],
  [judgeFailover(false, 'auto'), 'risky', /a relay that starts alters it/, /npm run relay/],
  [judgeFailover(false, 'off'), 'right', /no stand-by is to have/],
  [judgeFailover(undefined, 'auto'), 'right', /no stand-by is to have/],
  [judgeRoleSettings([]), 'right', /none/],
  [judgeRoleSettings([{ name: 'DateStyle', value: 'German', origin: 'ALTER ROLE r' }]), 'right', /DateStyle/],
  [
    judgeRoleSettings([{ name: 'lock_timeout', value: '2s', origin: 'ALTER ROLE r' }]),
    'right',
    /lock_timeout/,
  ],
  [
    judgeRoleSettings([{ name: 'lock_timeout', value: '0', origin: 'ALTER ROLE r' }]),
    'right',
    /lock_timeout/,
  ],
  [
    judgeRoleSettings([
      { name: 'temp_file_limit', value: '0', origin: 'ALTER ROLE r' },
      { name: 'dynamic_library_path', value: '/x', origin: 'ALTER DATABASE d' },
    ]),
    'wrong',
    /pgoutput/,
    /^ALTER DATABASE d RESET dynamic_library_path;$/,
  ],
  [judgeSlot(undefined, 's'), 'risky', /no slot s/, /npm run relay/],
  [judgeSlot({ ...SLOT, lost: true }, 's'), 'wrong', /thrown away WAL that s needs/, /npm run relay/],
  [judgeSlot({ ...SLOT, active: true }, 's'), 'right', /streams/],
  [judgeWal(undefined, 4096), 'right', /no slot/],
  [judgeWal({ ...RESERVED, retainedBytes: 3_000 * MB }, 4096), 'risky', /keeps 3000 MB/],
  [judgeWal({ ...RESERVED, safeBytes: 1, keepBytes: 10 }, 4096), 'risky', /may keep 1 bytes more/],
  [judgeWal({ ...RESERVED, status: 'unreserved' }, 4096), 'wrong', /beyond max_slot_wal_keep_size/],
  [
    judgeProgress({
      setBack: undefined,
      isActive: false,
      start: { kind: 'recover', reason: 'publication_changed' },
    }),
    'risky',
    /the publication has been changed/,
  ],
  [
    judgeProgress({ setBack: undefined, isActive: false, start: { kind: 'stream', from: 1n } }),
    'right',
    /goes on/,
  ],
  [judgeOldest(11_000, 5001), 'right', /waited for 11 s/],
  [judgeOldest(13_000, 5002), 'wrong', /waited for 13 s/, /localhost:5002\/status/],
  [judgeParked({ parked: 0, waiting: 2 }), 'right', /no message/],
  [judgeOpen([OPEN], true, 'r'), 'risky', /psql \(7\) has been open for 90 s:/, /pg_terminate_backend\(7\)/],
  [judgeOpen([{ ...OPEN, pid: 0, name: 'gid' }, OPEN], true, 'r'), 'risky', /transaction gid .* and 1 more/],
  [judgeOpen([], false, 'r'), 'cannot tell', /r does not see/, /GRANT pg_read_all_stats TO r;/],
  [judgeReadiness('connect ECONNREFUSED', 'http://x'), 'cannot tell', /nobody answers at http:\/\/x/],
  [judgeReadiness({ status: 200, body: { state: 'standby' } }, 'http://x'), 'right', /ready: standby/],
  [
    judgeReadiness({ status: 503, body: { state: 'streaming', blockedBy: 'locked-row' } }, 'http://x'),
    'wrong',
    /not ready: streaming, blocked by locked-row/,
    /curl -s http:\/\/x/,
  ],
  [OF_ENTITY.clock(entityAt(0, 90_000)), 'risky', /90 s ahead of this machine/],
  [OF_ENTITY.clock(entityAt(0, 1_000)), 'right', /same/],
];

for (const [judged, verdict, reason, command] of CASES) {
  test(`${verdict}: ${judged.reason}`, () => {
    assert.equal(judged.verdict, verdict);
    assert.match(judged.reason, reason);
    if (command) assert.match(judged.command ?? '', command);
  });
}

test('each setting of a role that no session can set back is named', () => {
  for (const [name, { settings }] of Object.entries(REFUSED)) {
    if (name === 'search_path') continue; // the checks of the tables tell whether it leads to them
    const { verdict, command } = judgeRoleSettings([
      { name, value: settings[name] ?? '', origin: 'ALTER ROLE r' },
    ]);

    assert.notEqual(verdict, 'right', name);
    assert.equal(command, `ALTER ROLE r RESET ${name};`);
  }
});

test('those that a session sets back are none', () => {
  const settings = Object.entries(WITHSTOOD)
    .filter(([name]) => !name.endsWith('_timeout')) // of half a second: these may be too short
    .map(([name, value]) => ({ name, value, origin: 'ALTER ROLE r' }));

  assert.equal(judgeRoleSettings(settings).verdict, 'right');
});

test('what mends a failed connection goes by its code', () => {
  const at = {
    connectionString: 'Endpoint=sb://bus.example;SharedAccessKeyName=a',
    entity: 'e',
    sessions: false,
  };
  const on = { namespace: 'bus.example', entity: 'e', sessions: false };

  assert.match(mendSending('MessagingEntityNotFound', at), /^az servicebus topic create .* --name e$/);
  assert.match(mendSending('UnauthorizedAccess', at), /authorization-rule keys list/);
  assert.equal(mendSending('ServiceTimeout', at), 'nc -vz bus.example 5671');
  assert.equal(mendSending(undefined, on), 'nc -vz bus.example 5671');
});

test('what makes a table is a migration for our own, and the command for any other', () => {
  const missing =
    'The table billing.outbox does not exist. Run: npm run db:migrate, or for the outbox of another application: npm run outbox -- init';

  assert.equal(tableCommand(missing, { name: 'outbox' }), 'npm run db:migrate');
  assert.equal(tableCommand(missing, { name: 'billing.outbox' }), 'npm run outbox -- init --apply');
  assert.equal(tableCommand('permission denied for schema billing', { name: 'billing.outbox' }), undefined);
});

test('the statement for a publication is that of the relay, with its name', () => {
  const filtered =
    'The publication p has a row filter, which hides events: ALTER PUBLICATION ... SET TABLE public.outbox';

  assert.equal(publicationCommand(filtered, 'p'), 'ALTER PUBLICATION p SET TABLE public.outbox;');
  assert.equal(
    publicationCommand('The publication p does not exist. Run: npm run outbox -- init', 'p'),
    'npm run outbox -- init --apply',
  );
  assert.equal(publicationCommand('The publication p is there, and the table outbox is not', 'p'), undefined);
});

function entityAt(here: number, there: number) {
  const facts = {
    kind: 'topic',
    status: 'Active',
    partitioned: false,
    duplicateWindowMs: 0,
    maxBytes: 1,
    usedBytes: 0,
    maxMessageBytes: undefined,
    receivedFrom: [],
    clock: { here, there },
  } as const;
  return { facts, destination: { entity: 'orders', sessions: false }, outageMinutes: 60 };
}
