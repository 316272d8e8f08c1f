import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { openConsoleControl } from '../../dev/console-control.ts';
import { orderLine } from '../../dev/order-tail.ts';
import { createBus } from '../support/relay.ts';

const RELAY_URL = 'http://127.0.0.1:5001';
const post = (url: string, origin?: string) =>
  fetch(url, { method: 'POST', ...(origin && { headers: { origin } }) });

test('the broker is stopped and started, as often as somebody asks', async (t) => {
  const { url, bus } = await openControl(t);
  const broker = async () => ((await (await fetch(url)).json()) as { broker: string }).broker;
  assert.equal(await broker(), 'running');

  for (const _ of ['once', 'twice'])
    assert.deepEqual(await json(post(`${url}/broker/stop`)), { broker: 'stopped' });
  assert.ok(bus.faults.has('refuseConnections'));
  assert.equal(await broker(), 'stopped');
  await post(`${url}/broker/start`);

  assert.deepEqual(bus.faults.list(), []);
  assert.equal(await broker(), 'running');
});

test('the relay is killed, and what is not there is 404', async (t) => {
  const { url, kills } = await openControl(t);

  assert.equal((await post(`${url}/relay/kill`)).status, 202);
  assert.equal((await post(`${url}/relay/hug`)).status, 404);
  assert.equal((await fetch(`${url}/relay/kill`)).status, 404, 'a GET does nothing');

  assert.equal(kills(), 1);
});

test('an order is placed at the api, and an api that is away is told', async (t) => {
  const { url, api } = await openControl(t);

  const placed = await post(`${url}/order`);
  assert.equal(placed.status, 201);
  assert.deepEqual(await placed.json(), { orderId: 'o1' });
  api.close();
  api.closeAllConnections();
  await once(api, 'close');

  assert.equal((await post(`${url}/order`)).status, 502);
});

test('only the pages of the console may ask', async (t) => {
  const { url, kills } = await openControl(t);

  for (const origin of [RELAY_URL, 'http://localhost:5001']) {
    const { headers } = await post(`${url}/broker/start`, origin);
    assert.equal(headers.get('access-control-allow-origin'), origin);
  }
  for (const origin of ['https://example.com', 'http://127.0.0.1:5000', 'null']) {
    const refused = await post(`${url}/relay/kill`, origin);
    assert.deepEqual([refused.status, refused.headers.get('access-control-allow-origin')], [403, null]);
  }
  assert.equal(kills(), 0);
});

test('the line of an event has its order, where it went and how long it took', () => {
  const entry = { subject: 'OrderCreated', entity: 'orders', at: 1_004.12, duplicate: false };
  const order = { customerId: 'cust-123', totalAmount: '89.97', committedAt: 1_000 };

  assert.equal(
    orderLine(entry, '01a2061d4c17', order),
    '01a2… cust-123 89.97 → OrderCreated on orders in 4.1 ms',
  );
  assert.equal(orderLine(entry, '01a2061d4c17', undefined), '01a2… → OrderCreated on orders');
});

async function openControl(t: TestContext) {
  const bus = await createBus(t);
  const api = createServer((_request, response) => response.writeHead(201).end('{"orderId":"o1"}'));
  api.listen(0, '127.0.0.1');
  await once(api, 'listening');
  t.after(() => api.close());
  const apiUrl = `http://127.0.0.1:${(api.address() as AddressInfo).port}`;
  let kills = 0;
  const control = await openConsoleControl({
    stack: { apiUrl, relayUrl: RELAY_URL, bus, issuer: undefined },
    killRelay: () => kills++,
  });
  t.after(() => control.close());
  return { url: control.url, bus, api, kills: () => kills };
}

async function json(answer: Promise<Response>): Promise<unknown> {
  return (await answer).json();
}
