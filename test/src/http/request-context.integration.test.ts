import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MAX_METADATA, readContext } from '../../../src/http/headers/context-headers.ts';
import { openApp } from '../../support/app.ts';
import { tutorialOrder } from '../../support/orders.ts';

const TRACEPARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

test('request, command and event each have an id of their own, and each was caused by the one before', async (t) => {
  const ids = ['request', 'command', 'order item 1', 'order item 2', 'order', 'event'].map((name) => ({
    name,
    id: crypto.randomUUID(),
  }));
  const idOf = (name: string) => ids.find((entry) => entry.name === name)?.id;
  let next = 0;
  const { post, db } = await openApp(t, { newId: () => ids[next++]?.id ?? crypto.randomUUID() });

  const response = await post(tutorialOrder(), { 'x-correlation-id': 'req-123' });

  const { rows } = await db.query(
    'SELECT message_id, causation_id, correlation_id, aggregate_id FROM outbox',
  );
  assert.deepEqual(rows, [
    {
      message_id: idOf('event'),
      causation_id: idOf('command'),
      correlation_id: 'req-123',
      aggregate_id: idOf('order')?.replaceAll('-', ''),
    },
  ]);
  assert.notEqual(idOf('command'), idOf('request'));
  assert.equal(response.headers['x-correlation-id'], 'req-123');
});

test('everything that the headers carry is stored with the event', async (t) => {
  const { post, db } = await openApp(t);

  const response = await post(tutorialOrder(), {
    'x-correlation-id': 'req-123',
    'x-user-id': 'alice@example.com',
    traceparent: TRACEPARENT,
    tracestate: 'congo=t61rcWkgMzE,rojo=00f067aa0ba902b7',
    'X-Metadata-Region': 'eu west',
    'X-Metadata-Sales.Channel_2': 'web',
  });

  assert.equal(response.statusCode, 201);
  const { rows } = await db.query(
    'SELECT correlation_id, user_id, traceparent, tracestate, metadata FROM outbox',
  );
  assert.deepEqual(rows, [
    {
      correlation_id: 'req-123',
      user_id: 'alice@example.com',
      traceparent: TRACEPARENT,
      tracestate: 'congo=t61rcWkgMzE,rojo=00f067aa0ba902b7',
      metadata: { region: 'eu west', 'sales.channel_2': 'web' },
    },
  ]);
});

test('without headers a correlation id is made, and the rest is not stored', async (t) => {
  const { post, db } = await openApp(t);

  const response = await post(tutorialOrder());

  const { rows } = await db.query(
    'SELECT message_id, causation_id, correlation_id, user_id, traceparent, tracestate, metadata FROM outbox',
  );
  const { message_id, causation_id, correlation_id, ...rest } = rows[0];
  for (const id of [message_id, causation_id, correlation_id]) assert.match(id, UUID_V7);
  assert.equal(new Set([message_id, causation_id, correlation_id]).size, 3);
  assert.equal(response.headers['x-correlation-id'], correlation_id);
  assert.deepEqual(rest, { user_id: null, traceparent: null, tracestate: null, metadata: null });
});

test('a bad context header is a 400 that names it, for a good body too', async (t) => {
  const { post, rowCounts } = await openApp(t);
  const tooMany = Array.from({ length: MAX_METADATA + 1 }, (_, i) => [`x-metadata-m${i}`, 'v']);
  const bad: [header: string, headers: Record<string, string | string[]>][] = [
    ['x-correlation-id', { 'x-correlation-id': '' }],
    ['x-correlation-id', { 'x-correlation-id': 'a b' }],
    ['x-correlation-id', { 'x-correlation-id': 'é' }],
    ['x-correlation-id', { 'x-correlation-id': 'x'.repeat(129) }],
    ['x-correlation-id', { 'x-correlation-id': ['one', 'two'] }],
    ['x-user-id', { 'x-user-id': '' }],
    ['x-user-id', { 'x-user-id': 'x'.repeat(129) }],
    ['x-metadata-*', Object.fromEntries(tooMany)],
    ['x-metadata-a', { 'x-metadata-a': '' }],
    ['x-metadata-a', { 'x-metadata-a': 'x'.repeat(257) }],
    ['x-metadata-a', { 'x-metadata-a': 'é' }],
    ['x-metadata-', { 'x-metadata-': 'a' }],
    ['x-metadata-__proto__', { 'x-metadata-__proto__': 'a' }],
    [`x-metadata-${'n'.repeat(65)}`, { [`x-metadata-${'n'.repeat(65)}`]: 'a' }],
    ...[
      'MessageType',
      'aggregateId',
      'AggregateVersion',
      'CAUSATIONID',
      'userId',
      'traceparent',
      'tracestate',
      'Diagnostic-Id',
    ].map((name): [string, Record<string, string>] => [
      `x-metadata-${name.toLowerCase()}`,
      { [`X-Metadata-${name}`]: 'a' },
    ]),
  ];

  for (const [header, headers] of bad) {
    const response = await post(tutorialOrder(), headers);

    assert.equal(response.statusCode, 400, JSON.stringify(headers));
    const problem = response.json();
    assert.equal(problem.type, 'urn:order-service:problem:context-invalid');
    assert.deepEqual(
      problem.errors.map((error: { pointer: string; detail: string }) => [
        error.pointer,
        error.detail.split(' ')[0],
      ]),
      [['', header]],
      JSON.stringify(headers),
    );
    assert.ok(response.headers['x-correlation-id'], 'an answer without a usable id gets one of ours');
  }
  assert.deepEqual(await rowCounts(), [0, 0, 0]);
});

test('every kind of answer returns the correlation id', async (t) => {
  const { request } = await openApp(t);
  const headers = { 'x-correlation-id': 'req-123' };

  for (const url of [
    '/nowhere',
    '/%ff',
    '/%',
    '/api/orders/x',
    '/health/live',
    '/health/ready',
    '/openapi.json',
  ]) {
    const response = await request({ url, headers });
    assert.equal(response.headers['x-correlation-id'], 'req-123', url);
  }
});

test('an X-Request-Id is logged and returned, and goes nowhere else; one that is not valid is left out', async (t) => {
  const { post, request, db, logs } = await openApp(t);

  const taken = await post(tutorialOrder(), { 'x-request-id': 'proxy/42' });
  const failed = await request({ url: '/%ff', headers: { 'x-request-id': 'proxy/43' } });
  const others = [];
  for (const id of ['', 'a b', 'é', 'x'.repeat(129), ['one', 'two']]) {
    others.push(await post(tutorialOrder(), { 'x-request-id': id }));
  }

  assert.equal(taken.headers['x-request-id'], 'proxy/42');
  assert.deepEqual([failed.statusCode, failed.headers['x-request-id']], [400, 'proxy/43']);
  const logged = logs.filter(({ requestId }) => requestId === 'proxy/42').map(({ msg }) => String(msg));
  assert.ok(logged.some((msg) => msg.startsWith('Order ')) && logged.some((msg) => msg.startsWith('POST ')));
  for (const response of others) {
    assert.deepEqual([response.statusCode, response.headers['x-request-id']], [201, undefined]);
  }
  const { rows } = await db.query('SELECT outbox::text AS event FROM outbox');
  assert.doesNotMatch(JSON.stringify(rows), /proxy/);
});

test('an address that cannot be decoded is a 400 that is a problem', async (t) => {
  const { request } = await openApp(t);

  for (const url of ['/%ff', '/%', '/%zz', '/api/orders/%', '/api/orders/%E0%A4%A', '/api/orders/%c0%af']) {
    const response = await request({ url });
    assert.equal(response.statusCode, 400, url);
    assert.equal(response.headers['content-type'], 'application/problem+json');
    assert.equal(response.json().status, 400);
  }
});

test('trace headers that are not valid are ignored, as W3C Trace Context wants it', () => {
  const traceOf = (traceparent: string, tracestate?: string) =>
    readContext({ traceparent, ...(tracestate && { tracestate }) }, 'm', () => 'id').context.trace;

  assert.equal(traceOf(TRACEPARENT)?.traceparent, TRACEPARENT);
  for (const invalid of [
    '',
    'x',
    TRACEPARENT.toUpperCase(),
    `${TRACEPARENT}-00`,
    `${TRACEPARENT}, ${TRACEPARENT}`,
    TRACEPARENT.replace('00-', 'ff-'),
    TRACEPARENT.replace('0af7651916cd43dd8448eb211c80319c', '0'.repeat(32)),
    TRACEPARENT.replace('b7ad6b7169203331', '0'.repeat(16)),
  ]) {
    assert.equal(traceOf(invalid), undefined, invalid);
    assert.equal(traceOf(invalid, 'a=1'), undefined, 'a tracestate means nothing without its traceparent');
  }
  // A later version is read as far as this one knows it, and passed on as this one.
  assert.equal(traceOf(`${TRACEPARENT.replace(/^00/, 'cc')}-more`)?.traceparent, TRACEPARENT);
  assert.equal(traceOf(TRACEPARENT, 'no pairs at all')?.tracestate, undefined);
  assert.equal(traceOf(TRACEPARENT, 'a=1')?.tracestate, 'a=1');
});
