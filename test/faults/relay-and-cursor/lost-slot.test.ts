import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createDatabase } from '../../support/database.ts';
import { insertEvent, slotOf } from '../../support/relay.ts';
import { RelayStage } from '../../support/relay-stage.ts';
import { ourRelay } from '../../support/relay-subject.ts';
import { until } from '../../support/until.ts';
import { createCluster } from '../support/cluster.ts';
import { checkDelivery } from '../support/delivery.ts';

describe('a slot that is lost', { concurrency: 2 }, () => {
  test('dropped after the relay was killed: the hundred events of the meantime arrive', async (t) => {
    const { url, pool } = await createDatabase(t);
    const stage = await RelayStage.open(t, await ourRelay(), { url });
    await stage.missing(); // one event has gone through
    await stage.kill();

    await pool.query(
      `INSERT INTO outbox (message_id, message_type, message_body, aggregate_id)
       SELECT gen_random_uuid(), 'Meanwhile', '{}', 'o' || n % 7 FROM generate_series(1, 100) n`,
    );
    await until('the server has noticed the kill', async () => (await stage.sender()) === undefined);
    await pool.query('SELECT pg_drop_replication_slot($1)', [slotOf(url)]);
    await stage.start();

    await checkDelivery(pool, stage.bus);
    assert.equal(stage.arrived().filter((type) => type === 'Meanwhile').length, 100);
    assert.deepEqual(await stage.missing(), []);
  });

  test('invalidated while the relay was frozen: the events of the meantime arrive, and it is told', async (t) => {
    const { url, pool } = await createCluster(t, { max_slot_wal_keep_size: '16MB' });
    const stage = await RelayStage.open(t, await ourRelay(), { url });
    await insertEvent(pool, 'Before');
    await stage.untilArrived('Before');

    process.kill(stage.pid, 'SIGSTOP');
    await insertEvent(pool, 'Meanwhile');
    const lost = async () => {
      await pool.query('SELECT pg_switch_wal()');
      await pool.query('CHECKPOINT');
      const { rowCount } = await pool.query(
        "SELECT FROM pg_replication_slots WHERE slot_name = $1 AND wal_status = 'lost'",
        [slotOf(url)],
      );
      return rowCount === 1;
    };
    await until('the server has thrown away what the slot needs', lost);
    process.kill(stage.pid, 'SIGCONT');
    await stage.untilArrived('Meanwhile');
    await insertEvent(pool, 'After');
    await stage.untilArrived('After');

    assert.deepEqual(stage.arrived(), ['Before', 'Meanwhile', 'After']);
    assert.match(stage.lines.join('\n'), /PostgreSQL has invalidated the replication slot/);
  });
});
