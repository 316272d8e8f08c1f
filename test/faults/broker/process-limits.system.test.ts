import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import { freePort } from '../../../dev/free-port.ts';
import { cleanup } from '../../support/cleanup.ts';
import { createDatabase } from '../../support/database.ts';
import { createBus, slotOf, untilAllMarked } from '../../support/relay.ts';
import { until } from '../../support/until.ts';
import { checkDelivered, startLoad } from '../support/load.ts';
import { readiness, startRelayProcess } from '../support/relay-process.ts';

const canLimit = spawnSync('prlimit', ['--version']).status === 0;

describe('a process', { concurrency: true }, () => {
  test('a relay that may open no more files says so, and goes on once it may', {
    skip: !canLimit && 'needs prlimit, of Linux',
  }, async (t) => {
    const { url, pool } = await createDatabase(t);
    const bus = await createBus(t);
    const relay = await startRelayProcess(t, { url, bus });
    await relay.ready(`${relay.url}/health/ready`);
    const load = startLoad(t, url);
    await load.more(20);
    const allow = (files: string) =>
      assert.equal(spawnSync('prlimit', ['--pid', String(relay.pid), `--nofile=${files}:`]).status, 0);

    allow('8');
    await pool.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
     WHERE datname = current_database() AND application_name LIKE 'relay%'`,
    );
    await until('it says so', () => relay.lines.some((line) => line.includes('EMFILE')));
    allow('1024');

    await checkDelivered(bus, load);
    await untilAllMarked(pool);
    await until('it is ready', async () => (await readiness(relay)) === 200);
  });

  test('a relay whose log nobody reads any more goes on, and stops with 0', async (t) => {
    const { url, pool } = await createDatabase(t);
    const bus = await createBus(t);
    const port = await freePort();
    const { PATH = '' } = process.env;
    const relay = spawn(process.execPath, ['relay/main.ts'], {
      env: {
        PATH,
        DATABASE_URL: url,
        RELAY_SLOT: slotOf(url),
        SERVICEBUS_CONNECTION_STRING: bus.connectionString,
        RELAY_HOST: '127.0.0.1',
        RELAY_PORT: String(port),
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    cleanup(t, () => relay.kill('SIGKILL'));
    const exited = once(relay, 'exit');
    await once(relay.stdout, 'data');
    relay.stdout.destroy();
    relay.stderr.destroy();

    const load = startLoad(t, url);
    const busy = bus.faults.inject({ kind: 'busy', times: 2 }); // each is a line of the log
    await until('it has had something to say', () => busy.hits === 2);
    assert.equal(await checkDelivered(bus, load), 0);
    await untilAllMarked(pool);
    relay.kill('SIGTERM');

    assert.deepEqual(await exited, [0, null]);
  });
});
