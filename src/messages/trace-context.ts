import { createTraceState, isSpanContextValid, trace } from '@opentelemetry/api';

/** W3C Trace Context, as text: https://www.w3.org/TR/trace-context/ */
export interface TraceContext {
  readonly traceparent: string;
  readonly tracestate: string | undefined;
}

const TRACEPARENT =
  /^(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;

/** The trace that two headers carry; undefined when there is none or it is invalid, which W3C wants ignored, not refused. */
export function parseTraceContext(traceparent: unknown, tracestate: unknown): TraceContext | undefined {
  const [, version, traceId, spanId, flags, rest] = TRACEPARENT.exec(String(traceparent)) ?? [];
  if (version === undefined || flags === undefined || (version === '00' && rest !== undefined))
    return undefined;
  // Of a version we do not know, only the sampled flag is known to mean what it means today.
  const known = version === '00' ? flags : `0${Number.parseInt(flags, 16) & 1}`;
  return {
    traceparent: `00-${traceId}-${spanId}-${known}`,
    tracestate: (typeof tracestate === 'string' && createTraceState(tracestate).serialize()) || undefined,
  };
}

/** The ids of the span that is active here, for a line of the log: https://opentelemetry.io/docs/specs/otel/compatibility/logging_trace_context/ */
export function activeTraceIds(): { trace_id: string; span_id: string } | undefined {
  const span = trace.getActiveSpan()?.spanContext();
  return span && { trace_id: span.traceId, span_id: span.spanId };
}

/** The trace of the OpenTelemetry span that is active here, if tracing is on. */
export function activeTraceContext(): TraceContext | undefined {
  const span = trace.getActiveSpan()?.spanContext();
  if (!span || !isSpanContextValid(span)) return undefined;
  return {
    traceparent: `00-${span.traceId}-${span.spanId}-${span.traceFlags.toString(16).padStart(2, '0')}`,
    tracestate: span.traceState?.serialize() || undefined,
  };
}
