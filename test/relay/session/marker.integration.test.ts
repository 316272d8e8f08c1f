import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RelayMonitor } from '../../../relay/monitoring/relay-monitor.ts';
import { OutboxStore } from '../../../relay/outbox/outbox-store.ts';
import { ProgressStore } from '../../../relay/recovery/progress-store.ts';
import { Marker } from '../../../relay/session/marker.ts';
import { createLogger } from '../../../src/core/log.ts';
import { createDatabase } from '../../support/database.ts';
import { OUTBOX } from '../../support/outbox-table.ts';

const SLOT = 'marked';

test('progress is not stored over progress that was set back behind it', async (t) => {
  const { pool } = await createDatabase(t);
  const store = new OutboxStore(pool, OUTBOX);
  const progress = new ProgressStore(pool, OUTBOX);
  const epoch = (await progress.restart(SLOT, 0n)) ?? 0n;
  const marker = new Marker(
    {
      store,
      progress,
      slot: SLOT,
      monitor: new RelayMonitor(),
      log: createLogger({ level: 'silent', service: 'test' }),
      random: Math.random,
      abandon: new AbortController().signal,
    },
    { epoch, settledLsn: 0n, markedLsn: 0n },
  );
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

test('a marker whose slot another relay has taken over says so', async (t) => {
  const { pool } = await createDatabase(t);
  const store = new OutboxStore(pool, OUTBOX);
  const progress = new ProgressStore(pool, OUTBOX);
  const epoch = (await progress.restart(SLOT, 0n)) ?? 0n;
  const deps = { store, progress, slot: SLOT, monitor: new RelayMonitor(), random: Math.random };
  const log = createLogger({ level: 'silent', service: 'test' });
  const abandon = new AbortController().signal;
  const marker = new Marker({ ...deps, log, abandon }, { epoch, settledLsn: 0n, markedLsn: 0n });
  await progress.claim(SLOT, epoch, 'v1');

  await assert.rejects(
    marker.mark({ as: 'accepted', messages: [], settledLsn: 1n, markedLsn: 1n, skipLocked: false }),
    {
      code: 'EPOCH_LOST',
    },
  );
});
