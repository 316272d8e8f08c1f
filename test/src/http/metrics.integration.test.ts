import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { type TestContext, test } from 'node:test';
import { openApp } from '../../support/app.ts';
import { cleanup } from '../../support/cleanup.ts';
import { metricsIn, seriesOf } from '../../support/metrics.ts';
import { tutorialOrder } from '../../support/orders.ts';
import { until } from '../../support/until.ts';

type App = Awaited<ReturnType<typeof openApp>>;

const scrape = async ({ app }: App) => seriesOf((await app.inject('/metrics')).body);
const answers = (method: string, route: string, status: number) =>
  `http_server_request_duration_seconds_count{http_request_method="${method}",http_route="${route}",http_response_status_code="${status}"}`;

test('requests are counted and timed by method, route and status', async (t) => {
  const api = await openApp(t);
  const { orderId } = (await api.post(tutorialOrder())).json();
  for (const url of [`/api/orders/${orderId}`, '/api/orders/nope', '/api/orders/nor-this'])
    await api.request({ url });

  const series = await scrape(api);

  assert.equal(series.get(answers('POST', '/api/orders', 201)), 1);
  assert.equal(series.get(answers('GET', '/api/orders/:orderId', 200)), 1);
  assert.equal(series.get(answers('GET', '/api/orders/:orderId', 404)), 2);
  const sum = series.get(answers('POST', '/api/orders', 201).replace('_count', '_sum')) ?? 0;
  assert.ok(sum > 0 && sum < 60, `${sum} s`);
});

test('what a client makes up makes no series of its own', async (t) => {
  const api = await openApp(t);
  for (const url of ['/made-up/1', '/made-up/2', '/api/nothing']) await api.request({ url });
  for (const method of ['PROPFIND', 'REPORT'] as const)
    await api.app.inject({ method: method as 'GET', url: '/api/orders' });

  const series = await scrape(api);

  assert.equal(series.get(answers('GET', 'unknown', 404)), 3);
  assert.equal(series.get(answers('_OTHER', '/api/orders', 405)), 2);
  assert.ok(![...series.keys()].some((name) => /made-up|PROPFIND|nothing/.test(name)));
});

test('a request is in flight until it is answered or its client has gone', async (t) => {
  const api = await openApp(t);
  const socket = await connection(t, api);
  const inFlight = async () => (await scrape(api)).get('http_server_active_requests');
  assert.equal(await inFlight(), 1, 'the one that asks');

  socket.write(
    'POST /api/orders HTTP/1.1\r\nhost: here\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n{',
  );
  await until('it is in flight', async () => (await inFlight()) === 2);
  socket.destroy();
  await until('it is not', async () => (await inFlight()) === 1);

  assert.equal((await scrape(api)).get(answers('POST', '/api/orders', 499)), 1);
});

test('problems are counted by their type', async (t) => {
  const api = await openApp(t);
  await api.request({ url: '/api/orders/nope' });
  await api.request({ url: '/api/orders/nope' });
  await api.post('no json');
  await api.request({ url: '/%ff' });
  const socket = await connection(t, api);
  socket.end('no request\r\n\r\n');
  await once(socket.resume(), 'close');

  const series = await scrape(api);

  const problems = (type: string, status: number) =>
    series.get(`order_service_problems_total{type="${type}",status="${status}"}`);
  assert.equal(problems('order-not-found', 404), 2);
  assert.equal(problems('about:blank', 400), 3, 'no JSON, no address, no request');
});

test('the pool, the process, Node and the version are told', async (t) => {
  const api = await openApp(t, { poolOptions: { max: 3 } });
  await api.request({ url: '/api/orders' });

  const series = await scrape(api);

  assert.equal(series.get('db_client_connection_max'), 3);
  assert.equal(series.get('db_client_connection_count{db_client_connection_state="idle"}'), 1);
  assert.equal(series.get('db_client_connection_count{db_client_connection_state="used"}'), 0);
  assert.equal(series.get('db_client_connection_pending_requests'), 0);
  assert.ok((series.get('process_resident_memory_bytes') ?? 0) > 1_000_000);
  assert.ok(series.has('nodejs_eventloop_lag_p99_seconds'));
  const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
  assert.equal(series.get(`order_service_build_info{version="${version}"}`), 1);
});

test('names and units are as Prometheus wants them', async (t) => {
  const { app } = await openApp(t);

  const metrics = metricsIn((await app.inject('/metrics')).body).filter(({ name }) => !OF_NODE.test(name));

  assert.ok(metrics.length > 5);
  assert.deepEqual(metrics.flatMap(faultsOf), []);
});

test('a name or a unit that Prometheus does not want is found', () => {
  for (const [name, type] of [
    ['requests', 'counter'],
    ['requests_total', 'gauge'],
    ['wait_milliseconds', 'gauge'],
    ['size_mb', 'gauge'],
    ['request_duration', 'histogram'],
    ['requestDuration_seconds', 'histogram'],
  ] as const) {
    assert.equal(faultsOf({ name, type }).length, 1, name);
  }
});

/** Those of prom-client itself. */
const OF_NODE = /^(nodejs|process)_/;

/** https://prometheus.io/docs/practices/naming/ */
function faultsOf({ name, type }: { name: string; type: string }): string[] {
  const rules: [broken: boolean, rule: string][] = [
    [!/^[a-z][a-z0-9_]*$/.test(name), 'snake case'],
    [type === 'counter' && !name.endsWith('_total'), 'a counter ends with _total'],
    [type !== 'counter' && name.endsWith('_total'), 'only a counter ends with _total'],
    [/_(ms|milliseconds|us|ns|minutes|hours|kb|mb|kib|mib|percent)(_total)?$/.test(name), 'base units'],
    [type === 'histogram' && !/_(seconds|bytes)$/.test(name), 'a histogram ends with its unit'],
  ];
  return rules.filter(([broken]) => broken).map(([, rule]) => `${name}: ${rule}`);
}

async function connection(t: TestContext, { app }: App) {
  const { port } = new URL(await app.listen({ host: '127.0.0.1', port: 0 }));
  const socket = connect(Number(port), '127.0.0.1');
  cleanup(t, () => socket.destroy());
  await once(socket, 'connect');
  return socket;
}
