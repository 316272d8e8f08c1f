import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { insufficient, publish } from '../support/inbox.ts';
import { tutorialOrder } from '../support/orders.ts';
import { type Collector, openCollector } from '../support/otlp-collector.ts';
import { createStack, postOrder, receiveAll, type TestStack } from '../support/stack.ts';
import { until } from '../support/until.ts';

const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';
const CALLER_SPAN = 'b7ad6b7169203331';
const CLIENT = 3;
const ERROR = 2;
/** The relay ends its spans right after a send; they are sent within this. */
const SOON = { OTEL_BSP_SCHEDULE_DELAY: '50' };

describe('one trace', () => {
  test('goes from the HTTP request to the message, and the log lines name it', async (t) => {
    const collector = await openCollector(t);
    const stack = await startTraced(t, collector);
    const { messages } = receiveAll(t, stack);

    await createOrder(stack, `00-${TRACE_ID}-${CALLER_SPAN}-01`);
    const [message] = await until('the event arrives', () => messages.length > 0 && messages);
    const send = await until('the span of the send', () => spanNamed(collector, 'send orders'));
    const request = await until('the span of the request', () => spanNamed(collector, 'POST /api/orders'));

    assert.equal(request.traceId, TRACE_ID);
    assert.equal(request.parentSpanId, CALLER_SPAN);
    assert.equal(request.service, 'api');
    // The message goes on with the span that created it, and so does the span of its send.
    const { traceparent, 'Diagnostic-Id': diagnosticId } = message?.applicationProperties ?? {};
    assert.equal(traceparent, `00-${TRACE_ID}-${request.spanId}-01`);
    assert.equal(diagnosticId, traceparent);
    assert.equal(send.traceId, TRACE_ID);
    assert.equal(send.parentSpanId, request.spanId);
    assert.equal(send.service, 'relay');
    assert.equal(send.kind, CLIENT);
    assert.ok(send.durationMs > 0 && send.durationMs < 10_000, `${send.durationMs} ms`);
    const messageId = message?.messageId;
    assert.deepEqual(send.attributes, {
      'messaging.system': 'servicebus',
      'messaging.operation.name': 'send',
      'messaging.operation.type': 'send',
      'messaging.destination.name': 'orders',
      'messaging.message.id': messageId,
      'server.address': 'localhost',
      'outbox_relay.slot': 'order_outbox',
      'outbox_relay.outcome': 'accepted',
    });
    assert.deepEqual(send.links, [
      { traceId: TRACE_ID, spanId: request.spanId, attributes: { 'messaging.message.id': messageId } },
    ]);
    const answered = await until('the line of the answer', () =>
      line(stack.api.lines, 'POST /api/orders 201'),
    );
    assert.deepEqual([answered['trace_id'], answered['span_id']], [TRACE_ID, request.spanId]);
  });

  test('has a failed send too, and the line that tells of it', async (t) => {
    const collector = await openCollector(t);
    const stack = await startTraced(t, collector);
    const { messages } = receiveAll(t, stack);
    stack.bus.faults.inject({ kind: 'quotaExceeded', times: 1 });

    await createOrder(stack, `00-${TRACE_ID}-${CALLER_SPAN}-01`);
    await until('the event arrives', () => messages.length > 0);
    const failed = await until('the span that failed', () =>
      collector.spans().find(({ attributes }) => attributes['outbox_relay.outcome'] === 'refused'),
    );
    await until('the next one', () =>
      collector.spans().some(({ attributes }) => attributes['outbox_relay.outcome'] === 'accepted'),
    );

    assert.equal(failed.traceId, TRACE_ID);
    assert.equal(failed.attributes['error.type'], 'QuotaExceeded');
    assert.equal(failed.status, ERROR);
    const told = line(stack.relay.lines, 'did not take a batch');
    assert.equal(told?.['trace_id'], TRACE_ID);
  });

  test('of a request that is not sampled ends nowhere: the relay makes no span', async (t) => {
    const collector = await openCollector(t);
    const stack = await startTraced(t, collector);
    const { messages } = receiveAll(t, stack);

    await createOrder(stack, `00-${TRACE_ID}-${CALLER_SPAN}-00`);
    await until('the event arrives', () => messages.length > 0);
    const second = 'f'.repeat(32);
    await createOrder(stack, `00-${second}-${CALLER_SPAN}-01`);
    await until('the span of a later send', () => spanNamed(collector, 'send orders'));

    assert.deepEqual(new Set(collector.spans().map(({ traceId }) => traceId)), new Set([second]));
  });

  test('goes on through the inbox to what follows from an event, and its metrics are sent', async (t) => {
    const collector = await openCollector(t);
    const stack = await startTraced(t, collector);
    const inbox = stack.startInbox({
      ...stack.tracing,
      OTEL_METRICS_EXPORTER: 'otlp',
      SERVICE_NAME: 'inbox',
    });
    await inbox.ready(`${stack.inboxUrl}/health/ready`);
    const { messages } = receiveAll(t, stack);
    const { orderId } = await postOrder(stack);
    const traceparent = `00-${TRACE_ID}-${CALLER_SPAN}-01`;
    const { applicationProperties, ...event } = insufficient(orderId);

    await publish(stack.bus, 'inventory', [
      { ...event, applicationProperties: { ...applicationProperties, traceparent } },
    ]);
    const cancelled = await until('what follows arrives', () =>
      messages.find(({ subject }) => subject === 'OrderCancelled'),
    );
    const span = await until('the span of the handling', () =>
      spanNamed(collector, 'process inventory/order-service'),
    );
    assert.equal(await inbox.stop(), 0);

    assert.deepEqual([span.traceId, span.parentSpanId, span.service], [TRACE_ID, CALLER_SPAN, 'inbox']);
    assert.deepEqual(
      span.links.map(({ spanId }) => spanId),
      [CALLER_SPAN],
    );
    assert.equal(span.attributes['server.address'], 'localhost');
    assert.match(String(cancelled.applicationProperties?.['traceparent']), new RegExp(`^00-${TRACE_ID}-`));
    assert.ok(collector.metrics().some(({ name }) => name === 'inbox_messages_total'));
  });
});

async function startTraced(t: TestContext, { url }: Collector) {
  const stack = await createStack(t);
  const tracing = { OTEL_EXPORTER_OTLP_ENDPOINT: url, ...SOON };
  const api = stack.startApi({ ...tracing, SERVICE_NAME: 'api' });
  const relay = stack.startRelay({ ...tracing, SERVICE_NAME: 'relay' });
  await Promise.all([
    api.ready(`${stack.apiUrl}/health/ready`),
    relay.ready(`${stack.relayUrl}/health/ready`),
  ]);
  return { ...stack, api, relay, tracing };
}

async function createOrder({ apiUrl }: TestStack, traceparent: string): Promise<void> {
  const response = await fetch(`${apiUrl}/api/orders`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', traceparent },
    body: JSON.stringify(tutorialOrder()),
  });
  assert.equal(response.status, 201);
}

const spanNamed = (collector: Collector, name: string) =>
  collector.spans().find((span) => span.name === name);

function line(lines: readonly string[], message: string): Record<string, unknown> | undefined {
  const found = lines.find((each) => each.includes(message));
  return found === undefined ? undefined : (JSON.parse(found) as Record<string, unknown>);
}
