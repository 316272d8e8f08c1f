import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { RelayMonitor } from '../../../relay/monitoring/relay-monitor.ts';
import { OutboxStore } from '../../../relay/outbox/outbox-store.ts';
import { ProgressStore } from '../../../relay/recovery/progress-store.ts';
import { Marker } from '../../../relay/session/marker.ts';
import { type Pending, toPending } from '../../../relay/session/pending.ts';
import { createLogger } from '../../../src/core/log.ts';
import { createDatabase } from '../../support/database.ts';
import { prepareInMemory } from '../../support/memory-publisher.ts';
import { OUTBOX } from '../../support/outbox-table.ts';
import { insertEvent } from '../../support/relay.ts';
import { outboxMessage } from '../outbox/outbox-messages.ts';

const SLOT = 'marked';

test('progress is not stored over progress that was set back behind it', async (t) => {
  const { pool, progress, epoch, marker } = await openMarker(t);
  await marker.mark({ as: 'accepted', messages: [], settledLsn: 50n, markedLsn: 60n, skipLocked: false });
  assert.deepEqual(marker.stored, { epoch, settledLsn: 50n, markedLsn: 60n });

  for (const earlier of ["settled_lsn = '0/31'", 'settled_lsn = NULL', "marked_lsn = '0/3B'"]) {
    await pool.query(`UPDATE relay_progress SET settled_lsn = '0/32', marked_lsn = '0/3C'`);
    await pool.query(`UPDATE relay_progress SET ${earlier}`);
    const before = await progress.find(SLOT);

    await assert.rejects(
      marker.mark({ as: 'accepted', messages: [], settledLsn: 70n, markedLsn: 80n, skipLocked: false }),
      {
        code: 'DATABASE_SET_BACK',
      },
    );

    assert.deepEqual(await progress.find(SLOT), before, earlier);
  }
  await pool.query(`UPDATE relay_progress SET settled_lsn = '0/32', marked_lsn = '0/3C'`);
  await marker.mark({ as: 'accepted', messages: [], settledLsn: 70n, markedLsn: 80n, skipLocked: false });
  assert.equal((await progress.find(SLOT))?.settledLsn, 70n);
});

test('a marker whose slot another relay has taken over says so, and parks nothing', async (t) => {
  const { pool, progress, epoch, marker } = await openMarker(t);
  const id = await insertEvent(pool, 'Refused', { aggregateId: 'A' });
  await progress.claim(SLOT, epoch, 'v1');

  for (const [as, messages] of [
    ['accepted', []],
    ['parked', [toBeParked(id)]],
  ] as const) {
    await assert.rejects(marker.mark({ ...MARK, as, messages }), { code: 'EPOCH_LOST' });
  }

  const { rowCount } = await pool.query('SELECT FROM outbox WHERE parked_at IS NULL');
  assert.equal(rowCount, 1);
});

test('a message that waits to be sent again and is refused again is still to be parked when another cannot be seen yet', async (t) => {
  const { pool, marker } = await openMarker(t);
  const retried = toBeParked(await insertEvent(pool, 'Retried', { aggregateId: 'A' }));
  await pool.query('UPDATE outbox SET deferred_at = now()');
  const unseen = toBeParked(randomUUID(), 1_000_000_000);

  const { again } = await marker.mark({ ...MARK, as: 'parked', messages: [retried, unseen] });

  assert.deepEqual(again, [retried, unseen]);
});

test('what is parked because its destination is away is tried again in a minute, each time, and counts as no failure', async (t) => {
  const { pool, marker } = await openMarker(t);
  const away = toBeParked(await insertEvent(pool, 'Away', { aggregateId: 'A' }), 0, 'away');

  for (let time = 0; time < 3; time++) {
    await pool.query('UPDATE outbox SET parked_at = NULL, deferred_at = now(), next_retry_at = NULL');
    await marker.mark({ ...MARK, as: 'parked', messages: [away] });
  }

  const { rows } = await pool.query<{ count: number; seconds: number }>(
    `SELECT retry_count AS count, round(extract(epoch FROM next_retry_at - parked_at))::int AS seconds FROM outbox`,
  );
  assert.deepEqual(rows, [{ count: 0, seconds: 60 }]);
});

// Marked by a session that ended before it knew: with the progress stored, what waits behind it would wait for nothing.
test('what was published before it could be parked holds up nothing, and no progress is stored over that', async (t) => {
  const { pool, marker, progress } = await openMarker(t);
  const published = toBeParked(await insertEvent(pool, 'Published', { aggregateId: 'A' }));
  await pool.query('UPDATE outbox SET processed_at = now()');

  const { gone, progressStored } = await marker.mark({
    ...MARK,
    as: 'parked',
    messages: [published],
    settledLsn: 5n,
  });

  assert.deepEqual([gone, progressStored], [[published], false]);
  assert.equal((await progress.find(SLOT))?.settledLsn, undefined);
});

const MARK = { settledLsn: 0n, markedLsn: 0n, skipLocked: false };

/** `xid`: of the transaction it was inserted in; 0: one that everybody sees. */
function toBeParked(messageId: string, xid = 0, again: 'never' | 'away' = 'never'): Pending {
  const transaction = { commitLsn: 1n, xid, endLsn: 1n, unsettled: 1 };
  const pending = toPending(
    { message: outboxMessage(messageId, 'A'), transaction, wasRefused: false },
    { prepare: prepareInMemory, destinations: [], limits: { oneOrderPerBatch: false } },
  );
  return Object.assign(pending, { parked: { reason: 'refused', again } });
}

async function openMarker(t: TestContext) {
  const { pool } = await createDatabase(t);
  const progress = new ProgressStore(pool, OUTBOX);
  const epoch = (await progress.restart(SLOT, 0n)) ?? 0n;
  const marker = new Marker(
    {
      store: new OutboxStore(pool, OUTBOX),
      progress,
      slot: SLOT,
      monitor: new RelayMonitor(),
      log: createLogger({ level: 'silent', service: 'test' }),
      random: Math.random,
      abandon: new AbortController().signal,
    },
    { epoch, settledLsn: 0n, markedLsn: 0n },
  );
  return { pool, progress, epoch, marker };
}
