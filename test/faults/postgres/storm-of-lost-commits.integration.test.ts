import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LightMyRequestResponse } from 'fastify';
import { openApp, type TestApp } from '../../support/app.ts';
import {
  arriveLate,
  type CommitFault,
  cut,
  halfOpen,
  hangUp,
  loseAnswer,
  onCommit,
  slowCommits,
} from '../../support/commit-faults.ts';
import { createDatabase } from '../../support/database.ts';
import { tutorialOrder } from '../../support/orders.ts';
import { openTcpProxy } from '../../support/tcp-proxy.ts';

const CLIENTS = 8;
const ORDERS_EACH = 15;
const FAULTS: readonly CommitFault[] = [
  cut,
  loseAnswer,
  hangUp,
  cut,
  loseAnswer,
  hangUp,
  arriveLate,
  halfOpen,
];

interface Asked {
  readonly customerId: string;
  readonly created: LightMyRequestResponse;
  readonly cancelled: LightMyRequestResponse | undefined;
}

test('in a storm of lost commits no answer says the wrong thing, and hardly any is uncertain', async (t) => {
  const database = await createDatabase(t);
  const { pool: admin } = database;
  const proxy = await openTcpProxy(t, Number(new URL(database.url).port));
  const url = (direct: string) => Object.assign(new URL(direct), { port: String(proxy.port) }).href;
  const app = await openApp(t, { database, url });
  await slowCommits(admin, 0.02);
  let commits = 0;
  const befallen = onCommit(
    proxy,
    admin,
    (...of) => FAULTS[Math.floor(Math.random() * FAULTS.length)]?.(...of),
    () => commits++ % 2 === 0,
  );
  let over = false;
  const killer = (async () => {
    for (; !over; await admin.query('SELECT pg_sleep(0.1)')) {
      await admin.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND application_name = 'api' ORDER BY random() LIMIT 1`);
    }
  })();

  const asked = (await Promise.all(Array.from({ length: CLIENTS }, (_, n) => client(app, n)))).flat();
  over = true;
  await killer;
  proxy.onClientData = () => undefined;

  const wrong = [];
  for (const each of asked) wrong.push(...(await lies(app, each)));
  const answers = asked.flatMap(({ created, cancelled }) => (cancelled ? [created, cancelled] : [created]));
  const uncertain = answers.filter((answer) => typeOf(answer) === 'commit-uncertain').length;
  t.diagnostic(`${answers.length} answers, ${befallen.times} lost commits, ${uncertain} uncertain`);
  assert.deepEqual(wrong, []);
  assert.ok(befallen.times > ORDERS_EACH, `${befallen.times} lost commits`);
  assert.ok(uncertain <= 0.1 * befallen.times, `${uncertain} of ${befallen.times} are uncertain`);
});

async function client({ post, cancel }: TestApp, client: number): Promise<Asked[]> {
  const asked: Asked[] = [];
  for (let n = 0; n < ORDERS_EACH; n++) {
    const customerId = `customer-${client}-${n}`;
    const key = n % 2 === 0 ? { 'idempotency-key': customerId } : {};
    const created = await post({ ...tutorialOrder(), customerId }, key);
    const isThere = created.statusCode === 201;
    asked.push({
      customerId,
      created,
      cancelled: isThere ? await cancel(created.json().orderId) : undefined,
    });
  }
  return asked;
}

/** What the answers say that the rows do not. */
async function lies({ db }: TestApp, { customerId, created, cancelled }: Asked): Promise<string[]> {
  const { rows } = await db.query<{ id: string; status: string; events: number }>(
    `SELECT order_id AS id, status, (SELECT count(*)::int FROM outbox WHERE aggregate_id = order_id) AS events
     FROM orders WHERE customer_id = $1`,
    [customerId],
  );
  const [row] = rows;
  const told = (isTrue: boolean, answer: LightMyRequestResponse) =>
    isTrue
      ? []
      : [`${customerId}: ${answer.statusCode} ${answer.body}, and there is ${JSON.stringify(rows)}`];
  const ofCreate = {
    created: rows.length === 1 && row?.id === (created.statusCode === 201 && created.json().orderId),
    nothing: rows.length === 0,
    unknown: true,
  };
  const ofCancel = {
    created: row?.status === 'Cancelled' && row.events === 2,
    nothing: row?.status === 'Pending' && row.events === 1,
    unknown: true,
  };
  return [
    ...told(ofCreate[claimOf(created)], created),
    ...(cancelled ? told(ofCancel[claimOf(cancelled)], cancelled) : []),
  ];
}

function claimOf(answer: LightMyRequestResponse): 'created' | 'nothing' | 'unknown' {
  if (answer.statusCode < 300) return 'created';
  return typeOf(answer) === 'commit-uncertain' ? 'unknown' : 'nothing';
}

const typeOf = (answer: LightMyRequestResponse) =>
  answer.statusCode < 300 ? undefined : String(answer.json().type).split(':').at(-1);
