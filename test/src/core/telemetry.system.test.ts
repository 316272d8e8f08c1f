import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';
import { type TestContext, test } from 'node:test';
import { createDatabase } from '../../support/database.ts';
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

/** Takes OTLP over HTTP and keeps the bytes: protobuf holds ids and strings as they are. */
async function openCollector(t: TestContext, { answers = true } = {}) {
  const bodies: Buffer[] = [];
  const server = createServer((request, response) => {
    if (request.url === '/v1/traces') request.on('data', (chunk: Buffer) => bodies.push(chunk));
    request.on('end', () => answers && response.end());
    request.resume();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, received: () => Buffer.concat(bodies) };
}

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
