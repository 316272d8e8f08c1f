import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import type pg from 'pg';
import { freePort } from '../../../dev/free-port.ts';
import { startProcess } from '../../../dev/managed-process.ts';
import type { LocalServiceBus } from '../../../dev/service-bus/service-bus.ts';
import { AppError } from '../../../src/core/errors.ts';
import { cleanup } from '../../support/cleanup.ts';
import { createDatabase } from '../../support/database.ts';
import {
  createBus,
  insertEvent,
  slotOf,
  startRelay,
  type TestRelay,
  untilStreaming,
} from '../../support/relay.ts';
import { openTcpProxy, type TcpProxy } from '../../support/tcp-proxy.ts';
import { until } from '../../support/until.ts';
import { checkDelivery } from '../support/delivery.ts';

// What stands where, counted from the first byte of a CopyData message with an Insert in it.
// https://www.postgresql.org/docs/current/protocol-message-formats.html
const FRAME_TYPE = 0; // 'd', then four bytes of length
const STREAM_TYPE = 5; // 'w', then three positions and times of eight bytes
const ROW_TYPE = 30; // 'I', then the relation's oid of four bytes
const COLUMN_COUNT = 36; // after the byte 'N'
const COLUMN_FORM = 38; // 't', then four bytes of length, of the first column
const COLUMN_LENGTH = 39;

const FATAL: [string, (row: Buffer) => void][] = [
  ['in a message that is unknown to streaming', (row) => row.fill('?', STREAM_TYPE, STREAM_TYPE + 1)],
  ['of an unknown kind', (row) => row.fill('Z', ROW_TYPE, ROW_TYPE + 1)],
  ['of a relation that was not described', (row) => row.fill(0xff, ROW_TYPE + 1, ROW_TYPE + 5)],
  ['with more columns than were described', (row) => row.fill(0x7f, COLUMN_COUNT, COLUMN_COUNT + 2)],
  ['with a column in an unknown form', (row) => row.fill('x', COLUMN_FORM, COLUMN_FORM + 1)],
  ['with a column that is longer than the row', (row) => row.fill(0x7f, COLUMN_LENGTH, COLUMN_LENGTH + 4)],
];

describe('altered bytes', { concurrency: 3 }, () => {
  for (const [what, alter] of FATAL) {
    test(`a row ${what} ends the relay, and comes again to the next one`, async (t) => {
      const stage = await openStage(t);
      const relay = startRelay(t, stage);
      await untilStreaming(relay);

      alterNextRow(stage.proxy, alter);
      await insertEvent(stage.pool, 'Altered');
      await insertEvent(stage.pool, 'Next');
      const failure = await until('the relay has ended', failureOf(relay.running));
      assert.ok(failure instanceof AppError && failure.code === 'WAL_MALFORMED', String(failure));
      await relay.stop();
      const next = startRelay(t, stage);

      await assertWhole(stage, next);
    });
  }

  test('a process that is sent such a row exits with 1', async (t) => {
    const stage = await openStage(t);
    const port = await freePort();
    const relay = startProcess('relay', 'relay/main.ts', {
      DATABASE_URL: stage.url,
      RELAY_SLOT: slotOf(stage.url),
      SERVICEBUS_CONNECTION_STRING: stage.bus.connectionString,
      RELAY_HOST: '127.0.0.1',
      RELAY_PORT: String(port),
    });
    cleanup(t, () => relay.stop('SIGKILL'));
    await relay.ready(`http://127.0.0.1:${port}/health/ready`);

    alterNextRow(stage.proxy, (row) => row.fill('Z', ROW_TYPE, ROW_TYPE + 1));
    await insertEvent(stage.pool, 'Altered');

    const exitCode = await until('the process has ended', resultOf(relay.exited));
    assert.equal(exitCode, 1);
    assert.match(relay.lines.join('\n'), /Unknown pgoutput message/);
    await assertWhole(stage, startRelay(t, stage));
  });

  test('a message that is unknown to the protocol itself ends the session, and the row comes again', async (t) => {
    const stage = await openStage(t);
    const relay = startRelay(t, stage);
    await untilStreaming(relay);

    alterNextRow(stage.proxy, (row) => row.fill('?', FRAME_TYPE, FRAME_TYPE + 1));
    await insertEvent(stage.pool, 'Altered');
    await insertEvent(stage.pool, 'Next');
    await until('it has noticed', () => relay.monitor.counts.sessions === 2);

    await assertWhole(stage, relay);
  });
});

interface Stage {
  readonly pool: pg.Pool;
  readonly bus: LocalServiceBus;
  readonly proxy: TcpProxy;
  /** Through the proxy. */
  readonly url: string;
}

async function openStage(t: TestContext): Promise<Stage> {
  const { url, pool } = await createDatabase(t);
  const proxy = await openTcpProxy(t, Number(new URL(url).port));
  const bus = await createBus(t);
  return { pool, bus, proxy, url: Object.assign(new URL(url), { port: proxy.port }).href };
}

/** Nothing is missing, and the table did not have to make it good: the slot had not been confirmed past the row. */
async function assertWhole({ pool, bus }: Stage, relay: TestRelay): Promise<void> {
  assert.deepEqual(await checkDelivery(pool, bus), []);
  assert.ok(relay.monitor.counts.recoveries <= 1);
}

/** Tells, time and again, what a promise was rejected with. */
function failureOf(promise: Promise<unknown>): () => unknown {
  return resultOf(
    promise.then(
      () => undefined,
      (error: unknown) => error,
    ),
  );
}

function resultOf<T>(promise: Promise<T>): () => T | undefined {
  let result: T | undefined;
  void promise.then((value) => {
    result = value;
  });
  return () => result;
}

/** Alters the next row on its way to the relay, once. */
function alterNextRow(proxy: TcpProxy, alter: (row: Buffer) => void): void {
  proxy.onServerData = (data) => {
    for (let at = 0; at + ROW_TYPE < data.length; at += 1 + data.readUInt32BE(at + 1)) {
      const type = (offset: number) => String.fromCharCode(data[at + offset] ?? 0);
      if (type(FRAME_TYPE) !== 'd' || type(STREAM_TYPE) !== 'w' || type(ROW_TYPE) !== 'I') continue;
      proxy.onServerData = () => undefined;
      alter(data.subarray(at));
      return;
    }
  };
}
