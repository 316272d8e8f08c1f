import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { untilAllMarked } from '../support/relay.ts';
import { createStack } from '../support/stack.ts';
import { until } from '../support/until.ts';

// Whatever a client sends has a mark in it, good requests and bad ones. X-Correlation-Id and X-Request-Id have none: they are for the log.

const MARK = 'MARKED-PERSON';
const marked = (place: string) => `${MARK}-${place}`;

const address = {
  street: marked('street'),
  city: marked('city'),
  state: marked('state'),
  zipCode: 'MARKED-PERSON-zip',
  country: marked('country'),
};
const order = {
  customerId: marked('customer'),
  items: [{ productId: marked('product'), quantity: 1, unitPrice: 19.99 }],
  shippingAddress: address,
};

const HEADERS = {
  'content-type': 'application/json',
  'x-user-id': marked('user'),
  'x-metadata-note': marked('metadata'),
  authorization: `Bearer ${marked('token')}`,
  cookie: `session=${marked('cookie')}`,
  'user-agent': marked('agent'),
  referer: `https://example.com/${marked('referer')}`,
  tracestate: `vendor=${marked('trace')}`,
  'x-forwarded-for': marked('forwarded'),
};

test('nothing of what a client sends is in a log, at any level and whatever becomes of the request', async (t) => {
  const stack = await createStack(t);
  const api = stack.startApi({ LOG_LEVEL: 'trace' });
  const relay = stack.startRelay({ LOG_LEVEL: 'trace' });
  await api.ready(`${stack.apiUrl}/health/ready`);
  await relay.ready(`${stack.relayUrl}/health/ready`);
  const send = (path: string, body?: unknown, headers: Record<string, string> = {}, method = 'POST') =>
    fetch(`${stack.apiUrl}${path}`, {
      method: body === undefined ? 'GET' : method,
      headers: { ...HEADERS, 'idempotency-key': crypto.randomUUID(), ...headers },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
  const statuses = new Set<number>();
  const sends = async (...args: Parameters<typeof send>) => {
    const response = await send(...args);
    statuses.add(response.status);
    return response;
  };

  const created = await sends('/api/orders', order, { 'idempotency-key': marked('key') });
  const { orderId } = (await created.json()) as { orderId: string };
  await sends('/api/orders', { ...order, customerId: marked('other') }, { 'idempotency-key': marked('key') });
  await sends(`/api/orders/${orderId}/cancel`, { reason: marked('reason') }, { 'if-match': `"${MARK}"` });
  await sends(`/api/orders/${orderId}/cancel`, { reason: marked('reason') });
  await sends(`/api/orders/${orderId}`, undefined, { 'if-none-match': `"${MARK}"` });
  await sends(`/api/orders?customerId=${MARK}`);
  await sends(`/api/orders?${MARK}=1`);
  await sends(`/api/orders?cursor=${MARK}&status=${MARK}`);
  await sends(`/api/orders/${MARK}`);
  await sends(`/${MARK}?q=${MARK}`);
  await sends(`/%ff${MARK}`);
  await sends(`/api/orders/${MARK}`, {}, {}, 'DELETE');
  await sends('/api/orders', { ...order, [MARK]: MARK });
  await sends('/api/orders', { ...order, items: [{ [MARK]: { [MARK]: MARK } }] });
  await sends('/api/orders', `{"customerId":"${MARK}"`);
  await sends('/api/orders', `${MARK}`);
  await sends('/api/orders', { ...order, customerId: `${MARK}\u0000` });
  await sends('/api/orders', {
    [MARK]: Object.fromEntries(Array.from({ length: 1_001 }, (_, n) => [`${MARK}${n}`, n])),
  });
  await sends('/api/orders', order, { 'content-type': `text/${MARK}` });
  await sends('/api/orders', order, { accept: `text/${MARK}` });
  await sends('/api/orders', order, { [`x-metadata-${MARK}`]: '' });
  await sends('/api/orders', order, { 'x-user-id': `${MARK} ${MARK}` });
  for (const bytes of [
    `${MARK}\r\n\r\n`,
    `GET /${MARK} HTTP/1.1\r\n${MARK}\r\n\r\n`,
    `GET /${MARK} HTTP/1.1\r\n\r\n`,
  ])
    assert.match(await raw(stack.apiUrl, bytes), /^HTTP\/1\.1 400 /);
  await untilAllMarked(stack.db);
  await stack.db.query('ALTER TABLE orders RENAME TO away');
  await sends('/api/orders', order);
  await sends(`/api/orders/${orderId}`);
  await stack.db.query('ALTER TABLE away RENAME TO orders');
  // A refusal of the database that names a value of the row.
  await stack.db.query(
    `ALTER TABLE orders ADD CONSTRAINT nobody CHECK (customer_id NOT LIKE '${MARK}%') NOT VALID`,
  );
  await sends('/api/orders', order);

  assert.deepEqual(
    [...statuses].sort((a, b) => a - b),
    [200, 201, 400, 404, 405, 406, 412, 415, 422, 500],
  );
  await until(
    'the last answer is logged',
    () => api.lines.filter((line) => line.includes('"status":500')).length === 3,
  );
  await Promise.all([api.stop(), relay.stop()]);
  for (const { name, lines } of [api, relay]) {
    assert.ok(
      lines.length > 3 && lines.length < 500,
      `${name} wrote ${lines.length} lines, and all of them are here`,
    );
    assert.deepEqual(
      lines.filter((line) => line.toUpperCase().includes(MARK)),
      [],
      name,
    );
  }
});

async function raw(url: string, bytes: string): Promise<string> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  socket.end(bytes);
  return text(socket);
}
