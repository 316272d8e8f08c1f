import {
  type Attributes,
  createTraceState,
  type Link,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  trace,
} from '@opentelemetry/api';
import { VERSION } from '../../src/core/version.ts';
import { traceIds } from '../outbox/sampled-trace.ts';
import type { Delivered, DeliveryObserver, Refusal } from './delivery-observer.ts';
import { epochMs } from './epoch-clock.ts';

export interface SendSpansOptions {
  readonly slot: string;
  /** What tells of the broker in OpenTelemetry's words: `messaging.system` and more. */
  readonly broker: Attributes;
}

/**
 * Makes a span of each send that has a sampled message: in the trace of the first of them, linked to all of them, as the messaging
 * conventions have it (https://opentelemetry.io/docs/specs/semconv/messaging/messaging-spans/). Loaded only while tracing is on.
 */
export function sendSpans(
  { slot, broker }: SendSpansOptions,
  tracer = trace.getTracer('outbox-relay', VERSION),
): DeliveryObserver {
  const ofEach: Attributes = {
    ...broker,
    'messaging.operation.name': 'send',
    'messaging.operation.type': 'send',
    'outbox_relay.slot': slot,
  };
  const tell = (batch: readonly Delivered[], sentAt: number, refusal?: Refusal) => {
    const links = batch.flatMap(linkTo);
    const [first] = links;
    if (!first) return;
    const { destination = '' } = batch[0] ?? {};
    const attributes = {
      ...ofEach,
      'messaging.destination.name': destination,
      ...ofBatch(batch),
      ...ofOutcome(refusal),
    };
    const kind = SpanKind.CLIENT; // PRODUCER is a span that a message carries
    const parent = trace.setSpanContext(ROOT_CONTEXT, first.context);
    const span = tracer.startSpan(
      `send ${destination}`,
      { kind, startTime: sentAt, links, attributes },
      parent,
    );
    if (refusal) span.setStatus({ code: SpanStatusCode.ERROR, message: refusal.message });
    span.end(epochMs());
  };
  return { accepted: tell, refused: tell };
}

function linkTo({ message, trace: sampled }: Delivered): Link[] {
  if (!sampled) return [];
  const { trace_id: traceId, span_id: spanId } = traceIds(sampled);
  const state = sampled.tracestate;
  const context = {
    traceId,
    spanId,
    traceFlags: TraceFlags.SAMPLED,
    isRemote: true,
    ...(state !== undefined && { traceState: createTraceState(state) }),
  };
  return [{ context, attributes: { 'messaging.message.id': message.messageId } }];
}

function ofBatch(batch: readonly Delivered[]): Attributes {
  const [only] = batch;
  return batch.length === 1 && only
    ? { 'messaging.message.id': only.message.messageId }
    : { 'messaging.batch.message_count': batch.length };
}

function ofOutcome(refusal: Refusal | undefined): Attributes {
  if (!refusal) return { 'outbox_relay.outcome': 'accepted' };
  return {
    'outbox_relay.outcome': refusal.outcomeUnknown ? 'unknown' : 'refused',
    'error.type': refusal.code,
  };
}
