import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Type } from '@sinclair/typebox';
import type { LightMyRequestResponse } from 'fastify';
import pg from 'pg';
import { buildApp } from '../../src/app.ts';
import { createLogger } from '../../src/core/log.ts';
import { openApp } from '../support/app.ts';
import { tutorialOrder } from '../support/orders.ts';

test('an answer is what the route says, never what a response schema makes of it', async (t) => {
  const log = createLogger({ level: 'silent', service: 'test' });
  const app = await buildApp({ pool: new pg.Pool(), log, docs: false });
  t.after(() => app.close());
  const documented = Type.Object({ amount: Type.Integer() }, { additionalProperties: false });
  const answered = { amount: 89.97, forgotten: 'in the schema' };
  app.get('/probe', { schema: { response: { 200: documented } } }, () => answered);

  const response = await app.inject({ url: '/probe' });

  assert.deepEqual(response.json(), answered);
});

test('a temporary problem is answered with Retry-After, and an outage is logged as a warning without a stack', async (t) => {
  const { request, logs } = await openApp(t, { url: () => 'postgres://127.0.0.1:1/nowhere' });
  const url = `/api/orders/${'0'.repeat(32)}`;

  const away = await request({ url });
  const wrong = await request({ url, headers: { 'x-correlation-id': 'no space' } });

  assert.deepEqual([away.statusCode, away.headers['retry-after']], [503, '2']);
  assert.deepEqual([wrong.statusCode, wrong.headers['retry-after']], [400, undefined]);
  const levels = logs.filter(({ msg }) => String(msg).startsWith('Answering')).map(({ level }) => level);
  assert.deepEqual(levels, ['warn', 'info']);
});

// Of an async handler that returns `reply`, Fastify listens for the end of the response, and each request outlives V8's quick
// collections with all that belongs to it: they took 10 ms instead of 2 (docs/decisions/steady-load.md).
test('no handler waits for its answer to be sent', async (t) => {
  const { post, cancel, request } = await openApp(t);
  const listeners = ({ raw }: LightMyRequestResponse) => raw.res.listenerCount('error');
  const atOnce = await request({ url: '/health/live' }); // not an async one
  const created = await post(tutorialOrder());
  const { orderId } = created.json();
  const url = `/api/orders/${orderId}`;
  const read = await request({ url });

  const answers = [
    created,
    read,
    await request({ url, headers: { 'if-none-match': String(read.headers.etag) } }),
    await request({ url: `${url}/events` }),
    await request({ url: '/api/orders' }),
    await request({ url: '/health/ready' }),
    await cancel(orderId),
  ];

  assert.deepEqual(
    answers.map((response) => [response.statusCode, listeners(response)]),
    [201, 200, 304, 200, 200, 200, 200].map((status) => [status, listeners(atOnce)]),
  );
});
