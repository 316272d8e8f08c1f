import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, type TestContext, test } from 'node:test';
import type pg from 'pg';
import { SlotLease } from '../../../relay/replication/slot-lease.ts';
import { WalStream } from '../../../relay/replication/stream.ts';
import { cleanup } from '../../support/cleanup.ts';
import { createDatabase } from '../../support/database.ts';
import { slotOf } from '../../support/relay.ts';
import { until } from '../../support/until.ts';

/** Longer than the server's patience, and than the lease lasts that is not renewed. */
const A_WHILE_MS = 10_000;

async function holdFor(t: TestContext, grant: (role: string) => string | undefined): Promise<void> {
  const { url, pool } = await createDatabase(t);
  const role = await createRole(t, pool);
  const statement = grant(role);
  if (statement) await pool.query(statement);
  await pool.query(`SELECT pg_create_logical_replication_slot($1, 'pgoutput')`, [slotOf(url)]);
  const stream = await WalStream.open({
    url: Object.assign(new URL(url), { username: role, password: role }).href,
    slot: slotOf(url),
    publication: 'order_outbox',
    outboxOid: 0,
    from: 0n,
    stopping: AbortSignal.any([]),
  });
  cleanup(t, () => stream.close());
  stream.attach({ onEvent: () => undefined, onKeepalive: () => undefined, storedLsn: 1n, handledLsn: 1n });

  const since = performance.now();
  const held = until('a while has passed', () => performance.now() - since > A_WHILE_MS);
  await Promise.race([held, stream.ended]);

  assert.equal(stream.holdsSlot, true);
}

/** A role that may replicate, and nothing else. */
async function createRole(t: TestContext, pool: pg.Pool): Promise<string> {
  const role = `relay_${randomBytes(6).toString('hex')}`;
  await pool.query(`CREATE ROLE ${role} LOGIN REPLICATION PASSWORD '${role}'`);
  cleanup(t, () => pool.query(`DROP ROLE ${role}`));
  return role;
}

describe('a stream that nobody reads keeps its slot and knows it', { concurrency: 2 }, () => {
  test('by the statuses that the server has received', (t) =>
    holdFor(t, (role) => `GRANT pg_read_all_stats TO ${role}`));

  test('by the server\u2019s process alone, where the role may not see more', (t) =>
    holdFor(t, () => undefined));
});

test('a lease ends when the server has no such process any more, however long its patience', async (t) => {
  const { url } = await createDatabase(t);
  const lease = new SlotLease(url, { pid: 0, timeoutMs: 0 }, performance.now());
  cleanup(t, async () => lease.close());
  assert.equal(lease.isHeld, true);

  lease.renew();

  await until('the lease has ended', () => !lease.isHeld);
});
