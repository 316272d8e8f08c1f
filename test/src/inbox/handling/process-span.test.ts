import assert from 'node:assert/strict';
import { after, beforeEach, test } from 'node:test';
import { SpanKind, SpanStatusCode } from '@opentelemetry/api';
import { InMemorySpanExporter, NodeTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-node';
import { HandlingError } from '../../../../src/inbox/handling/handling-error.ts';
import { processSpan } from '../../../../src/inbox/handling/process-span.ts';
import { activeTraceContext } from '../../../../src/messages/trace-context.ts';
import { counted } from './messages.ts';

const exporter = new InMemorySpanExporter();
const provider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
provider.register();
beforeEach(() => exporter.reset());
after(() => provider.shutdown());

const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';
const SPAN_ID = 'b7ad6b7169203331';
const trace = { traceparent: `00-${TRACE_ID}-${SPAN_ID}-01`, tracestate: 'vendor=1' };
const span = processSpan({ 'messaging.system': 'servicebus' });

test('what is done about a message is a span of its trace, linked to the one that sent it, and goes on from there', async () => {
  const within = await span('inventory/orders', counted(1, { messageId: 'm', trace }), async () =>
    activeTraceContext(),
  );

  const [made] = exporter.getFinishedSpans();
  assert.ok(made);
  const { traceId, spanId } = made.spanContext();
  assert.deepEqual(
    [made.name, made.kind, traceId],
    ['process inventory/orders', SpanKind.CONSUMER, TRACE_ID],
  );
  assert.deepEqual([made.parentSpanContext?.spanId, made.links[0]?.context.spanId], [SPAN_ID, SPAN_ID]);
  assert.deepEqual(within, { traceparent: `00-${TRACE_ID}-${spanId}-01`, tracestate: 'vendor=1' });
  assert.deepEqual(made.attributes, {
    'messaging.system': 'servicebus',
    'messaging.operation.name': 'process',
    'messaging.operation.type': 'process',
    'messaging.destination.name': 'inventory/orders',
    'messaging.message.id': 'm',
  });
});

test('a failure is in the span, and is thrown on', async () => {
  const failing = span('queue', counted(1, { trace }), async () => {
    throw new HandlingError('MESSAGE_IN_HAND', 'no');
  });

  await assert.rejects(failing, { code: 'MESSAGE_IN_HAND' });

  const [made] = exporter.getFinishedSpans();
  assert.deepEqual(
    [made?.status.code, made?.attributes['error.type']],
    [SpanStatusCode.ERROR, 'MESSAGE_IN_HAND'],
  );
});

test('a message that nobody samples has no span, and one without a trace begins one', async () => {
  await span(
    'queue',
    counted(1, { trace: { ...trace, traceparent: `00-${TRACE_ID}-${SPAN_ID}-00` } }),
    async () => 1,
  );
  assert.deepEqual(exporter.getFinishedSpans(), []);

  await span('queue', counted(1), async () => 1);
  const [made] = exporter.getFinishedSpans();
  assert.deepEqual([made?.parentSpanContext, made?.links], [undefined, []]);
});
