import type { IncomingHttpHeaders } from 'node:http';
import { Type } from '@sinclair/typebox';
import type { Fault } from '../../core/errors.ts';
import type { MessageContext } from '../../messages/message-context.ts';
import { parseTraceContext } from '../../messages/trace-context.ts';
import { headerFault, ownHeaderFault } from './header-error.ts';

export const MAX_METADATA = 20;
export const MAX_METADATA_NAME = 64;
export const MAX_METADATA_VALUE = 256;

const VISIBLE_ASCII = /^[!-~]{1,128}$/;
const METADATA_PREFIX = 'x-metadata-';
const METADATA_NAME = new RegExp(`^[a-z0-9][a-z0-9._-]{0,${MAX_METADATA_NAME - 1}}$`);
const METADATA_VALUE = new RegExp(`^[ -~]{1,${MAX_METADATA_VALUE}}$`);
/** The properties that a message has of its own, in lower case: metadata must not pass for them. */
const RESERVED_NAMES = new Set([
  'messagetype',
  'aggregateid',
  'aggregateversion',
  'schemaversion',
  'causationid',
  'userid',
  'traceparent',
  'tracestate',
  'diagnostic-id',
]);

/** Documents the headers of the message context; `readContext` checks them. */
export const contextHeaders = Type.Object({
  'X-Correlation-Id': Type.Optional(
    Type.String({ description: '1 to 128 visible ASCII characters; made when absent' }),
  ),
  'X-Request-Id': Type.Optional(
    Type.String({
      description: 'For the log alone, and returned; left out if it is not 1 to 128 visible ASCII characters',
    }),
  ),
  'X-User-Id': Type.Optional(
    Type.String({
      description: 'Who asks; 1 to 128 visible ASCII characters. Not taken with a token, which says it',
    }),
  ),
  traceparent: Type.Optional(Type.String({ description: 'W3C Trace Context' })),
  tracestate: Type.Optional(Type.String({ description: 'W3C Trace Context' })),
});

export interface RequestContext {
  readonly context: MessageContext;
  /** What a proxy calls the request: for its log and ours, and for nothing else. */
  readonly requestId: string | undefined;
  /** What is wrong with the headers; the context is then good for an answer, not for a command. */
  readonly faults: readonly Fault[];
}

/** The message context that a request's headers carry. A correlation id is made when there is none. */
export function readContext(
  headers: IncomingHttpHeaders,
  messageId: string,
  newId: () => string,
): RequestContext {
  const faults: Fault[] = [];
  const token = (name: string) => {
    const value = headers[name];
    if (value === undefined || (typeof value === 'string' && VISIBLE_ASCII.test(value)))
      return value as string;
    faults.push(headerFault(name, 'must be 1 to 128 visible ASCII characters'));
    return undefined;
  };
  const context: MessageContext = {
    messageId,
    correlationId: token('x-correlation-id') ?? newId(),
    causationId: undefined,
    userId: token('x-user-id'),
    metadata: readMetadata(headers, faults),
    trace: parseTraceContext(headers['traceparent'], headers['tracestate']),
  };
  // One that is not valid is left out and no fault: whoever sends the order may not be who made it.
  const id = headers['x-request-id'];
  const requestId = typeof id === 'string' && VISIBLE_ASCII.test(id) ? id : undefined;
  return { context, requestId, faults };
}

function readMetadata(headers: IncomingHttpHeaders, faults: Fault[]): Record<string, string> {
  const entries = Object.entries(headers)
    .filter(([header]) => header.startsWith(METADATA_PREFIX))
    .map(([header, value]) => [header.slice(METADATA_PREFIX.length), String(value)] as const);
  for (const [name, value] of entries) {
    const header = `${METADATA_PREFIX}${name}`;
    if (RESERVED_NAMES.has(name))
      faults.push(ownHeaderFault(header, 'takes a name that messages use themselves'));
    if (!METADATA_NAME.test(name)) {
      faults.push(
        ownHeaderFault(
          header,
          `must have a name of 1 to ${MAX_METADATA_NAME} letters, digits, ".", "_" or "-"`,
        ),
      );
    }
    if (!METADATA_VALUE.test(value)) {
      faults.push(ownHeaderFault(header, `must be 1 to ${MAX_METADATA_VALUE} printable ASCII characters`));
    }
  }
  if (entries.length > MAX_METADATA)
    faults.push(headerFault(`${METADATA_PREFIX}*`, `must be at most ${MAX_METADATA}`));
  return Object.fromEntries(entries);
}
