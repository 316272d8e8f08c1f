/** Every way in which this system says no, each documented where it is thrown. HTTP statuses for them live in src/http/problem.ts alone. */
export type ErrorCode =
  | 'CONFIG_INVALID'
  | 'SCHEMA_BEHIND'
  | 'CONTEXT_INVALID'
  | 'REQUEST_INVALID'
  | 'ROUTE_NOT_FOUND'
  | 'METHOD_NOT_ALLOWED'
  | 'NOT_ACCEPTABLE'
  | 'IDEMPOTENCY_KEY_IN_USE'
  | 'IDEMPOTENCY_KEY_REUSED'
  | 'ORDER_INVALID'
  | 'ORDER_NOT_FOUND'
  | 'ORDER_NOT_CANCELLABLE'
  | 'ORDER_VERSION_MISMATCH'
  | 'DATABASE_UNAVAILABLE'
  | 'COMMIT_UNCERTAIN'
  | 'WAL_MALFORMED'
  | 'OUTBOX_UNREADABLE'
  | 'SLOT_BUSY'
  | 'SLOT_MOVED'
  | 'SLOT_UNUSABLE'
  | 'PUBLICATION_UNUSABLE'
  | 'DATABASE_SET_BACK'
  | 'EPOCH_LOST'
  | 'BROKER_UNREACHABLE'
  | 'MESSAGE_INVALID'
  | 'SETTLE_REQUESTED'
  | 'STREAM_LOST'
  | 'USAGE_INVALID'
  | 'MESSAGE_NOT_FOUND'
  | 'MESSAGE_NOT_HELD';

/** One wrong place in an input: a JSON pointer into it ("" when no field is meant) and what to do about it. */
export interface Fault {
  readonly pointer: string;
  readonly detail: string;
}

/** The only error class of this system: a code to branch on, a sentence to read, the cause always kept. */
export class AppError extends Error {
  readonly code: ErrorCode;
  readonly faults: readonly Fault[];

  constructor(
    code: ErrorCode,
    message: string,
    options: { cause?: unknown; faults?: readonly Fault[] } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'AppError';
    this.code = code;
    this.faults = options.faults ?? [];
  }
}

/** The `code` of an error or of the first of its causes that has one: a SQLSTATE, a Node or a Service Bus code. */
export function errorCode(error: unknown): string | undefined {
  for (let e = error; e instanceof Error; e = e.cause) {
    if ('code' in e && typeof e.code === 'string') return e.code;
  }
  return undefined;
}
