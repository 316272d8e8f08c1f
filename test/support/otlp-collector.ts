import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import { cleanup } from './cleanup.ts';
import { decodeMetrics, decodeSpans, type ReceivedMetric, type ReceivedSpan } from './otlp-decoder.ts';

export interface Collector {
  /** What `OTEL_EXPORTER_OTLP_ENDPOINT` has to be. */
  readonly url: string;
  readonly spans: () => readonly ReceivedSpan[];
  readonly metrics: () => readonly ReceivedMetric[];
  /** The bodies of all that came, one after the other. */
  readonly received: () => Buffer;
}

/** Takes OTLP over HTTP as protobuf, and answers unless told not to. */
export async function openCollector(t: TestContext, { answers = true } = {}): Promise<Collector> {
  const requests: { path: string; body: Buffer }[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      if (request.headers['content-type'] === 'application/x-protobuf')
        requests.push({ path: request.url ?? '', body: Buffer.concat(chunks) });
      if (answers) response.end();
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanup(t, async () => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const bodiesOf = (path: string) => requests.filter((request) => request.path === path);
  return {
    url: `http://127.0.0.1:${port}`,
    spans: () => bodiesOf('/v1/traces').flatMap(({ body }) => decodeSpans(body)),
    metrics: () => bodiesOf('/v1/metrics').flatMap(({ body }) => decodeMetrics(body)),
    received: () => Buffer.concat(requests.map(({ body }) => body)),
  };
}
