import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { SpanKind, SpanStatusCode } from '@opentelemetry/api';
import { InMemorySpanExporter, NodeTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-node';
import type { Delivered } from '../../../relay/monitoring/delivery-observer.ts';
import { sendSpans } from '../../../relay/monitoring/send-spans.ts';
import { sampledTrace, traceIds } from '../../../relay/outbox/sampled-trace.ts';

const exporter = new InMemorySpanExporter();
const provider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
beforeEach(() => exporter.reset());

const FIRST = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
const SECOND = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
const NOT_SAMPLED = '00-99999999999999999999999999999999-9999999999999999-00';
const SENT_AT = Date.UTC(2026, 0, 1);

function delivered(messageId: string, traceparent?: string, tracestate?: string): Delivered {
  return {
    message: { messageId },
    destination: 'orders',
    trace: sampledTrace({ traceparent, tracestate }),
    transaction: {},
  };
}

function openSpans() {
  const options = { slot: 'slot', broker: { 'messaging.system': 'bus' } };
  return sendSpans(options, provider.getTracer('test'));
}

test('a batch is one span, in the trace of its first sampled message and linked to each of them', () => {
  const spans = openSpans();

  spans.accepted(
    [
      delivered('m1'),
      delivered('m2', NOT_SAMPLED),
      delivered('m3', FIRST, 'vendor=1'),
      delivered('m4', SECOND),
    ],
    SENT_AT,
  );

  const [span, ...others] = exporter.getFinishedSpans();
  assert.ok(span);
  assert.deepEqual(others, []);
  assert.equal(span.kind, SpanKind.CLIENT);
  assert.deepEqual(span.startTime, [SENT_AT / 1_000, 0]);
  assert.deepEqual(
    [span.spanContext().traceId, span.parentSpanContext?.spanId],
    ['0af7651916cd43dd8448eb211c80319c', 'b7ad6b7169203331'],
  );
  assert.equal(span.spanContext().traceState?.serialize(), 'vendor=1');
  assert.deepEqual(
    span.links.map(({ context, attributes }) => [context.traceId, attributes?.['messaging.message.id']]),
    [
      ['0af7651916cd43dd8448eb211c80319c', 'm3'],
      ['4bf92f3577b34da6a3ce929d0e0e4736', 'm4'],
    ],
  );
  assert.equal(span.attributes['messaging.batch.message_count'], 4);
  assert.equal(span.attributes['messaging.message.id'], undefined);
  assert.equal(span.attributes['messaging.system'], 'bus');
});

for (const [outcomeUnknown, outcome] of [
  [false, 'refused'],
  [true, 'unknown'],
] as const) {
  test(`a batch whose outcome is ${outcome} is a span that failed`, () => {
    const spans = openSpans();

    spans.refused?.([delivered('m1', FIRST)], SENT_AT, {
      code: 'Busy',
      message: 'It is busy',
      outcomeUnknown,
    });

    const [span] = exporter.getFinishedSpans();
    assert.deepEqual(span?.status, { code: SpanStatusCode.ERROR, message: 'It is busy' });
    assert.equal(span.attributes['outbox_relay.outcome'], outcome);
    assert.equal(span.attributes['error.type'], 'Busy');
    assert.equal(span.attributes['messaging.message.id'], 'm1');
  });
}

test('a batch without a sampled message makes no span', () => {
  const spans = openSpans();

  spans.accepted([delivered('m1'), delivered('m2', NOT_SAMPLED), delivered('m3', 'no trace')], SENT_AT);

  assert.deepEqual(exporter.getFinishedSpans(), []);
});

test('the ids of a trace are those of its traceparent', () => {
  assert.deepEqual(traceIds({ traceparent: FIRST, tracestate: undefined }), {
    trace_id: '0af7651916cd43dd8448eb211c80319c',
    span_id: 'b7ad6b7169203331',
  });
});
