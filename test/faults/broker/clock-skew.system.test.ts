import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createDatabase } from '../../support/database.ts';
import { createBus, insertEvent, untilAllMarked, untilArrived } from '../../support/relay.ts';
import { until } from '../../support/until.ts';
import { checkDelivered, startLoad } from '../support/load.ts';
import { startRelayProcess } from '../support/relay-process.ts';

const MINUTE_MS = 60_000;

function offBy(minutes: number): Record<string, string> {
  const preload = new URL('../support/skewed-clock.ts', import.meta.url).href;
  return { NODE_OPTIONS: `--import ${preload}`, CLOCK_OFFSET_MS: String(minutes * MINUTE_MS) };
}

describe('a clock', { concurrency: true }, () => {
  test('a relay whose clock is an hour ahead, and its successor whose clock is behind, change no order and take over at once', async (t) => {
    const { url, pool } = await createDatabase(t);
    const bus = await createBus(t);
    const ahead = await startRelayProcess(t, { url, bus }, offBy(60));
    await ahead.ready(`${ahead.url}/health/ready`);
    const behind = await startRelayProcess(t, { url, bus }, offBy(-45));
    await until('it stands by', () => behind.lines.some((line) => line.includes('standing by')));
    const load = startLoad(t, url);
    await load.more(60);

    bus.faults.inject({ kind: 'busy', times: 1 });
    await load.more(60);
    await ahead.stop('SIGKILL');
    await load.more(60);

    await checkDelivered(bus, load);
    await untilAllMarked(pool);
    const { rows } = await pool.query<{ wrong: number }>(
      'SELECT count(*)::int AS wrong FROM outbox WHERE processed_at NOT BETWEEN created_at AND now()',
    );
    assert.deepEqual(rows, [{ wrong: 0 }], 'marks have the time of the database');
    const time = (line = '') => Date.parse((JSON.parse(line) as { time: string }).time);
    assert.ok(time(ahead.lines[0]) > time(behind.lines[0]) + 90 * MINUTE_MS, 'the clocks were off');
  });

  test('a clock so far behind that its tokens have expired is told by the broker, and nothing is lost', async (t) => {
    const { url, pool } = await createDatabase(t);
    const bus = await createBus(t);
    await insertEvent(pool, 'Waiting');

    const behind = await startRelayProcess(t, { url, bus }, offBy(-120));
    await until('it says why', async () => {
      const told = await fetch(`${behind.url}/health/ready`).then(
        (response) => response.text(),
        () => '', // it does not listen yet
      );
      return told.includes('"broker-away"') && told.includes('ExpiredToken');
    });
    await behind.stop('SIGKILL');
    await startRelayProcess(t, { url, bus });

    await untilArrived(bus, 1);
    await untilAllMarked(pool);
  });
});
