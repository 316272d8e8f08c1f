/**
 * What a failed send means for what comes next.
 * transient: it passes by itself, so try again for ever. operator: the same, but a person has to mend something.
 * refused: a broker that lives has said no to this send, for a reason that is not known here. poison: this very message can
 * never pass, whatever is waited for.
 */
export type PublishErrorKind = 'transient' | 'operator' | 'refused' | 'poison';

export interface PublishErrorOptions {
  readonly kind: PublishErrorKind;
  /** The broker's own code where it has one; BROKER_UNREACHABLE when no connection can be had, MESSAGE_INVALID before one is asked for. */
  readonly code: string;
  /** The broker may hold what was sent. Default: it does not. */
  readonly outcomeUnknown?: boolean;
  /** The least time that the broker asks to be left alone. Default: none. */
  readonly retryAfterMs?: number;
  readonly cause?: unknown;
}

/** The only error that a publisher throws. Its message is for operators; the cause is what the client library threw. */
export class PublishError extends Error {
  readonly kind: PublishErrorKind;
  readonly code: string;
  readonly outcomeUnknown: boolean;
  readonly retryAfterMs: number;

  constructor(message: string, options: PublishErrorOptions) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'PublishError';
    this.kind = options.kind;
    this.code = options.code;
    this.outcomeUnknown = options.outcomeUnknown ?? false;
    this.retryAfterMs = options.retryAfterMs ?? 0;
  }
}
