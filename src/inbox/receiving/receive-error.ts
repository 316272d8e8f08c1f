/**
 * What a failure says about receiving. none: there is nothing to receive. lost: a lock or a session is somebody else's.
 * transient: it passes by itself. operator: the same, but a person has to mend something.
 */
export type ReceiveErrorKind = 'none' | 'lost' | 'transient' | 'operator';

export interface ReceiveErrorOptions {
  readonly kind: ReceiveErrorKind;
  /** The SDK's own code where it has one. */
  readonly code: string;
  /** The least time that the broker asks to be left alone. Default: none. */
  readonly retryAfterMs?: number;
  readonly cause?: unknown;
}

/** Why nothing can be received. Its message is for operators; the cause is what the client library threw. */
export class ReceiveError extends Error {
  readonly kind: ReceiveErrorKind;
  readonly code: string;
  readonly retryAfterMs: number;

  constructor(message: string, options: ReceiveErrorOptions) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'ReceiveError';
    this.kind = options.kind;
    this.code = options.code;
    this.retryAfterMs = options.retryAfterMs ?? 0;
  }
}
