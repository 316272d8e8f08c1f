import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NO_FIGURES } from '../../../relay/monitoring/session-figures.ts';
import { OutboxStore } from '../../../relay/outbox/outbox-store.ts';
import { ObservedPublisher } from '../../../relay/publishing/observed-publisher.ts';
import { PublishError } from '../../../relay/publishing/publish-error.ts';
import { inspectPublication } from '../../../relay/replication/publication.ts';
import { inspectSlotWal } from '../../../relay/replication/slot-wal.ts';
import { watchSession } from '../../../relay/session/session-watch.ts';
import { createCluster } from '../../support/cluster.ts';
import { createDatabase } from '../../support/database.ts';
import { openLog } from '../../support/log-lines.ts';
import { MemoryPublisher } from '../../support/memory-publisher.ts';
import { OUTBOX } from '../../support/outbox-table.ts';
import { slotOf } from '../../support/relay.ts';
import { until } from '../../support/until.ts';
import { fillWal } from '../support/fill-wal.ts';

test('a slot that nears max_slot_wal_keep_size is told, once', async (t) => {
  const { pool } = await createCluster(t, { max_slot_wal_keep_size: '64MB' });
  await pool.query(`SELECT pg_create_logical_replication_slot('order_outbox', 'pgoutput')`);
  const { log, lines } = openLog();
  let looks = 0;
  const counted = Object.create(pool, {
    query: {
      value: (...query: Parameters<typeof pool.query>) => {
        if (String(query[0]).includes('safe_wal_size')) looks++;
        return pool.query(...query);
      },
    },
  }) as typeof pool;
  const watch = watchSession({
    pool: counted,
    publication: 'order_outbox',
    table: OUTBOX,
    publicationVersion: (await inspectPublication(pool, 'order_outbox', OUTBOX)).version,
    slot: 'order_outbox',
    epoch: 1n,
    state: { handledLsn: 0n, parkedOrders: [], figures: NO_FIGURES },
    store: new OutboxStore(pool, OUTBOX),
    publisher: new ObservedPublisher(new MemoryPublisher(), Date.now),
    walLimit: { bytes: 1, ms: 1, leastMs: 1 },
    log,
    fail: (error) => assert.fail(String(error)),
    letGo: (why) => assert.fail(why),
  });
  t.after(() => clearInterval(watch));

  const before = await inspectSlotWal(pool, 'order_outbox');
  // How much that is depends on where in its segment the slot begins.
  const safeMiB = Math.floor((before?.safeBytes ?? 0) / 1024 ** 2);
  await fillWal(pool, safeMiB - 8);
  await until('it is told', () => lines.length > 0);
  const looksUntilTold = looks;
  await until('it has looked twice more', () => looks >= looksUntilTold + 3);

  assert.equal(before?.status, 'reserved');
  assert.equal(before.keepBytes, 64 * 1024 * 1024);
  assert.ok((before.safeBytes ?? 0) > 13 * 1024 * 1024);
  const after = await inspectSlotWal(pool, 'order_outbox');
  assert.ok((after?.retainedBytes ?? 0) > (safeMiB - 9) * 1024 * 1024);
  assert.deepEqual(
    lines.map(({ level, msg }) => [level, msg.replaceAll(/\d+/g, 'N')]),
    [['error', 'The replication slot may keep N bytes more of WAL, of the N of max_slot_wal_keep_size']],
  );
});

for (const isBack of [true, false]) {
  test(`a slot is let go for a broker that was away ${isBack ? 'not when it is there again, with nothing to send' : 'and still is'}`, async (t) => {
    const { url, pool } = await createDatabase(t);
    const slot = slotOf(url);
    await pool.query(`SELECT pg_create_logical_replication_slot($1, 'pgoutput')`, [slot]);
    const broker = new MemoryPublisher();
    broker.refuse = () => new PublishError('away', { kind: 'transient', code: 'BROKER_UNREACHABLE' });
    let tries = 0;
    const publisher = new ObservedPublisher(broker, () => performance.now());
    await assert.rejects(publisher.connect('orders'));
    const { refuse } = broker;
    broker.refuse = (...asked) => {
      tries++;
      return isBack ? undefined : refuse(...asked);
    };

    const letGo: string[] = [];
    let isOver = false; // then the pool ends under a look that is under way
    const watch = watchSession({
      pool,
      publication: 'order_outbox',
      table: OUTBOX,
      publicationVersion: (await inspectPublication(pool, 'order_outbox', OUTBOX)).version,
      slot,
      epoch: 1n,
      state: { handledLsn: 0n, parkedOrders: [], figures: NO_FIGURES },
      store: new OutboxStore(pool, OUTBOX),
      publisher,
      walLimit: { bytes: 1, ms: 1, leastMs: 1 },
      watchEveryMs: 20,
      log: openLog().log,
      fail: (error) => assert.ok(isOver, String(error)),
      letGo: (why) => letGo.push(why),
    });
    try {
      await until(
        'it was tried',
        () => tries > 0 && (isBack ? publisher.awayForMs === undefined : letGo.length > 0),
      );
    } finally {
      isOver = true;
      clearInterval(watch);
    }

    assert.equal(letGo.length > 0, !isBack);
  });
}

test('without a limit of its own, a slot has no safe size; without a slot there is nothing to tell', async (t) => {
  const { pool } = await createCluster(t);
  await pool.query(`SELECT pg_create_logical_replication_slot('order_outbox', 'pgoutput')`);

  const wal = await inspectSlotWal(pool, 'order_outbox');

  assert.deepEqual(
    { ...wal, retainedBytes: 0 },
    { retainedBytes: 0, status: 'reserved', safeBytes: undefined, keepBytes: undefined },
  );
  assert.equal(await inspectSlotWal(pool, 'none'), undefined);
});
