import {
  type Attributes,
  context,
  createTraceState,
  ROOT_CONTEXT,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';
import { errorCode } from '../../core/errors.ts';
import { VERSION } from '../../core/version.ts';
import { parseTraceContext } from '../../messages/trace-context.ts';
import type { ReceivedMessage } from '../received-message.ts';
import type { HandlingSpan } from './carry-out.ts';

/**
 * Makes a span of each try to handle a message: in its trace, linked to the span that sent it, as the messaging conventions have it
 * (https://opentelemetry.io/docs/specs/semconv/messaging/messaging-spans/). Loaded only while tracing is on.
 */
export function processSpan(broker: Attributes, tracer = trace.getTracer('inbox', VERSION)): HandlingSpan {
  return (consumer, message, work) => {
    const sender = spanContextOf(message);
    const attributes: Attributes = {
      ...broker,
      'messaging.operation.name': 'process',
      'messaging.operation.type': 'process',
      'messaging.destination.name': consumer,
      ...(message.messageId !== undefined && { 'messaging.message.id': message.messageId }),
    };
    const parent = sender ? trace.setSpanContext(ROOT_CONTEXT, sender) : ROOT_CONTEXT;
    const links = sender ? [{ context: sender }] : [];
    const span = tracer.startSpan(
      `process ${consumer}`,
      { kind: SpanKind.CONSUMER, links, attributes },
      parent,
    );
    return context.with(trace.setSpan(parent, span), async () => {
      try {
        return await work();
      } catch (error) {
        span.setAttribute('error.type', errorCode(error) ?? 'unknown');
        span.setStatus({ code: SpanStatusCode.ERROR });
        throw error;
      } finally {
        span.end();
      }
    });
  };
}

function spanContextOf({ trace: sent }: ReceivedMessage): SpanContext | undefined {
  const valid = parseTraceContext(sent?.traceparent, sent?.tracestate);
  const [, traceId = '', spanId = '', flags = '00'] = valid?.traceparent.split('-') ?? [];
  if (!valid) return undefined;
  return {
    traceId,
    spanId,
    traceFlags: Number.parseInt(flags, 16),
    isRemote: true,
    ...(valid.tracestate !== undefined && { traceState: createTraceState(valid.tracestate) }),
  };
}
