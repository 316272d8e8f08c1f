import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { type TestContext, test } from 'node:test';
import { startChild } from '../../support/child-process.ts';
import { createDatabase } from '../../support/database.ts';
import { openCollector } from '../../support/otlp-collector.ts';
import { until } from '../../support/until.ts';

const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';
const TRACEPARENT = `00-${TRACE_ID}-b7ad6b7169203331-01`;

test('the spans of a request and of its query are sent with the trace of the caller, also by a process that is stopped', async (t) => {
  const collector = await openCollector(t);
  const server = await startProcess(t, {
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    // Longer than the test: what arrives was sent by the stop.
    OTEL_BSP_SCHEDULE_DELAY: '600000',
    SERVICE_NAME: 'TracedService',
  });

  const response = await fetch(`${server.url}/things/7`, { headers: { traceparent: TRACEPARENT } });
  assert.equal(response.status, 200);
  assert.equal(collector.received().length, 0);
  const exit = await server.stop();

  assert.deepEqual(exit, { code: 0, signal: null });
  const sent = collector.received();
  assert.ok(sent.includes(Buffer.from(TRACE_ID, 'hex')), 'the trace id that came in');
  for (const text of ['TracedService', 'GET /things/:id', 'SELECT 1 AS thing'])
    assert.ok(sent.includes(text), text);
});

test('health checks, metrics and queries outside of a request make no spans', async (t) => {
  const collector = await openCollector(t);
  const server = await startProcess(t, { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url });

  for (const path of ['/health/live', '/metrics'])
    await fetch(`${server.url}${path}`, { headers: { traceparent: TRACEPARENT } });
  await server.stop();

  assert.equal(collector.received().length, 0);
});

test('a collector that never answers does not keep a process from stopping', async (t) => {
  const collector = await openCollector(t, { answers: false });
  const server = await startProcess(t, { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url });
  await fetch(`${server.url}/things/7`, { headers: { traceparent: TRACEPARENT } });

  const started = performance.now();
  const exit = await server.stop();

  assert.deepEqual(exit, { code: 0, signal: null });
  assert.ok(performance.now() - started < 8_000);
});

for (const [what, env] of [
  ['nothing asks for traces', {}],
  [
    'tracing is switched off',
    { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9', OTEL_SDK_DISABLED: 'true' },
  ],
  ['traces go nowhere', { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9', OTEL_TRACES_EXPORTER: 'none' }],
] as const) {
  test(`the tracing SDK is not even loaded when ${what}`, async (t) => {
    const server = await startProcess(t, env);

    assert.equal(server.sdkIsLoaded, false);
  });
}

test('the tracing SDK is loaded when an endpoint is named', async (t) => {
  const server = await startProcess(t, {
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://127.0.0.1:9/v1/traces',
  });

  assert.equal(server.sdkIsLoaded, true);
});

test('the metrics of a process are sent while it runs and at its end, where OTEL_METRICS_EXPORTER says so', async (t) => {
  const collector = await openCollector(t);
  const server = await startProcess(t, {
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    OTEL_METRICS_EXPORTER: 'otlp',
    OTEL_TRACES_EXPORTER: 'none',
    OTEL_METRIC_EXPORT_INTERVAL: '100',
    SERVICE_NAME: 'MeasuredService',
  });

  const resident = await until('a metric arrives', () =>
    collector.metrics().find(({ name }) => name === 'process_resident_memory_bytes'),
  );
  await fetch(`${server.url}/things/7`);
  const exit = await server.stop();

  assert.deepEqual(exit, { code: 0, signal: null });
  assert.equal(resident.service, 'MeasuredService');
  assert.equal(resident.type, 'gauge');
  assert.ok((resident.points[0]?.value ?? 0) > 1_000_000);
  const collections = collector.metrics().findLast(({ name }) => name === 'nodejs_gc_duration_seconds');
  assert.equal(collections?.type, 'histogram');
  const [point] = collections.points;
  assert.equal(
    point?.bucketCounts.reduce((sum, count) => sum + count, 0),
    point?.value,
  );
  assert.equal(collector.spans().length, 0);
});

test('a collector of metrics that never answers does not keep a process from stopping', async (t) => {
  const collector = await openCollector(t, { answers: false });
  const server = await startProcess(t, {
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    OTEL_METRICS_EXPORTER: 'otlp',
    OTEL_TRACES_EXPORTER: 'none',
  });

  assert.deepEqual(await server.stop(), { code: 0, signal: null });
});

for (const [name, value] of [
  ['OTEL_EXPORTER_OTLP_ENDPOINT', 'localhost:4318'],
  ['OTEL_EXPORTER_OTLP_ENDPOINT', 'http://'],
  ['OTEL_EXPORTER_OTLP_METRICS_ENDPOINT', 'collector'],
  ['OTEL_EXPORTER_OTLP_HEADERS', 'Bearer abc'],
  ['OTEL_TRACES_EXPORTER', 'jaeger'],
  ['OTEL_METRICS_EXPORTER', 'statsd'],
  ['OTEL_TRACES_SAMPLER', 'sometimes'],
  ['OTEL_TRACES_SAMPLER_ARG', '10'],
  ['OTEL_METRIC_EXPORT_INTERVAL', 'often'],
  ['OTEL_EXPORTER_OTLP_PROTOCOL', 'carrier-pigeon'],
  ['OTEL_SDK_DISABLED', 'yes'],
] as const) {
  test(`${name}=${value} ends the process with 78 and its name`, async (t) => {
    const child = startTracedChild(t, {
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://127.0.0.1:9/v1/traces',
      DATABASE_URL: 'postgres://localhost/none',
      [name]: value,
    });

    assert.equal(await child.exited, 78);
    assert.match(
      child.stderr(),
      new RegExp(`^Bad configuration:\\n  ${name}: bad value.*; it must be .+\\n$`),
    );
  });
}

test('a variable that is nearly one of ours is warned of, with the one that was meant', async (t) => {
  const child = startTracedChild(t, { DATABASE_URL: 'postgres://localhost/none', RELAY_SLT: 'mine' });

  const warning = await child.logged('Nobody reads the variable RELAY_SLT');

  assert.equal(warning['level'], 'warn');
  assert.deepEqual([warning['name'], warning['meant']], ['RELAY_SLT', 'RELAY_SLOT']);
});

const startTracedChild = (t: TestContext, env: Record<string, string>) =>
  startChild(t, ['--import', './src/core/telemetry.ts', 'test/support/traced-process.ts'], env);

async function startProcess(t: TestContext, otel: Record<string, string>) {
  const { url: DATABASE_URL } = await createDatabase(t);
  const child = spawn(
    process.execPath,
    ['--import', './src/core/telemetry.ts', 'test/support/traced-process.ts'],
    { env: { PATH: process.env['PATH'], DATABASE_URL, ...otel }, stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const exited = once(child, 'exit');
  t.after(async () => {
    child.kill('SIGKILL');
    await exited;
  });
  let ready: { port: number; sdk: boolean } | undefined;
  createInterface({ input: child.stdout }).on('line', (line) => {
    const entry = JSON.parse(line);
    if (entry.msg === 'Ready') ready = entry;
  });
  const { port, sdk } = await until('the process is ready', () => ready);
  return {
    url: `http://127.0.0.1:${port}`,
    sdkIsLoaded: sdk,
    async stop() {
      child.kill('SIGTERM');
      const [code, signal] = await exited;
      return { code, signal };
    },
  };
}
