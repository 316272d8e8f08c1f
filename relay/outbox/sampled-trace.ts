import type { OutboxMessage } from './outbox-message.ts';

/** The trace that a message goes on with, as its row has it. */
export interface MessageTrace {
  readonly traceparent: string;
  readonly tracestate: string | undefined;
}

/** `00-TRACE_ID-SPAN_ID-FLAGS`: https://www.w3.org/TR/trace-context/#traceparent-header-field-values */
const LENGTH = 55;
const TRACE_ID = [3, 35] as const;
const SPAN_ID = [36, 52] as const;

/** Undefined for a message whose trace nobody records. */
export function sampledTrace({
  traceparent,
  tracestate,
}: Pick<OutboxMessage, 'traceparent' | 'tracestate'>): MessageTrace | undefined {
  if (traceparent === undefined || traceparent.length !== LENGTH) return undefined;
  const isSampled = Number.parseInt(traceparent.charAt(LENGTH - 1), 16) % 2 === 1;
  return isSampled ? { traceparent, tracestate } : undefined;
}

/** For a line of the log. https://opentelemetry.io/docs/specs/otel/compatibility/logging_trace_context/ */
export function traceIds({ traceparent }: MessageTrace): { trace_id: string; span_id: string } {
  return { trace_id: traceparent.slice(...TRACE_ID), span_id: traceparent.slice(...SPAN_ID) };
}
