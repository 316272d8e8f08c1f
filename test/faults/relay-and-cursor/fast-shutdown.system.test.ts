import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { LocalPostgres } from '../../../dev/postgres.ts';
import { createCluster } from '../../support/cluster.ts';
import { RelayStage } from '../../support/relay-stage.ts';
import { ourRelay } from '../../support/relay-subject.ts';
import { until } from '../../support/until.ts';
import { checkDelivery } from '../support/delivery.ts';
import { startLoad } from '../support/load.ts';

/** A server that hangs does so for ever: it has no limit of its own for a walsender. */
const SETTINGS = { wal_sender_timeout: '0' };

describe('a fast shutdown of PostgreSQL', { concurrency: 2 }, () => {
  test('ends under load with the relay attached, and nothing is lost or comes twice', async (t) => {
    const { postgres, url, pool } = await createCluster(t, SETTINGS);
    const stage = await RelayStage.open(t, await ourRelay(), { url });
    const load = startLoad(t, url, { everyMs: 2 });

    for (let round = 1; round <= 2; round++) {
      const { total } = stage.bus.journal;
      await until('the relay has been at work', () => stage.bus.journal.total > total + 200);
      await untilStopped(postgres);
      await postgres.start();
    }
    await load.stop();

    assert.deepEqual(await checkDelivery(pool, stage.bus), []);
  });

  test('waits for a relay that is frozen no longer than the relay has asked for', async (t) => {
    const { postgres, url, pool } = await createCluster(t, SETTINGS);
    const stage = await RelayStage.open(t, await ourRelay(), { url });
    await stage.missing(); // one event has gone through

    process.kill(stage.pid, 'SIGSTOP');
    await stage.insert('Unheard');
    await untilStopped(postgres);
    await postgres.start();
    process.kill(stage.pid, 'SIGCONT');
    await stage.untilArrived('Unheard');

    assert.deepEqual(await checkDelivery(pool, stage.bus), []);
  });
});

async function untilStopped(postgres: LocalPostgres): Promise<void> {
  let stopped = false;
  void postgres.stop('fast').then(() => {
    stopped = true;
  });
  await until('PostgreSQL has stopped', () => stopped);
}
