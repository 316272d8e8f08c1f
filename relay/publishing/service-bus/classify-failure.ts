import { isRelayError } from '../../relay-error.ts';

/**
 * What a failed send means for what comes next.
 * transient: it passes by itself, so try again for ever. operator: the same, but a person has to mend something.
 * poison: this very message can never pass, whatever is waited for.
 */
export interface PublishFailure {
  readonly kind: 'transient' | 'operator' | 'poison';
  readonly code: string;
  readonly message: string;
  /** The broker may hold what was sent: the connection it went over cannot be trusted any more. */
  readonly outcomeUnknown: boolean;
  /** The least time that the service asks to be left alone. */
  readonly retryAfterMs: number;
}

const OPERATOR = new Set([
  'MessagingEntityNotFound',
  'MessagingEntityDisabled',
  'QuotaExceeded',
  'UnauthorizedAccess',
  'InvalidConnectionString',
]);
const POISON = new Set(['MessageSizeExceeded', 'MESSAGE_INVALID']);
const UNKNOWN_OUTCOME = new Set([
  'ServiceTimeout',
  'ServiceCommunicationProblem',
  'AbortError',
  'GeneralError',
]);

/**
 * Tells failures apart by their code. The SDK's `retryable` is no help: it is false for an entity that is missing or
 * disabled, which a person will mend, and true for unauthorized and for a batch that is too large.
 */
export function classifyFailure(error: unknown): PublishFailure {
  // No message is to blame for a connection that cannot be had.
  if (isRelayError(error) && error.code === 'BROKER_UNREACHABLE') {
    const failure = classifyFailure(error.cause);
    // How the SDK refuses a connection string.
    const isMisconfigured = error.cause instanceof TypeError || failure.kind === 'poison';
    return { ...failure, kind: isMisconfigured ? 'operator' : failure.kind, outcomeUnknown: false };
  }
  const cause = unwrap(error);
  const code = failureCode(cause);
  return {
    kind: OPERATOR.has(code) ? 'operator' : POISON.has(code) ? 'poison' : 'transient',
    code,
    message: cause instanceof Error ? cause.message : String(cause),
    outcomeUnknown: UNKNOWN_OUTCOME.has(code),
    // https://learn.microsoft.com/azure/service-bus-messaging/service-bus-throttling: "wait 2 seconds"
    retryAfterMs: code === 'ServiceBusy' ? 2_000 : 0,
  };
}

/** Where the SDK gives up on several tries it throws an AggregateError without a code; the last try tells what is the matter now. */
function unwrap(error: unknown): unknown {
  return error instanceof AggregateError && error.errors.length > 0 ? unwrap(error.errors.at(-1)) : error;
}

function failureCode(error: unknown): string {
  if (!(error instanceof Error)) return 'GeneralError';
  if ('code' in error && typeof error.code === 'string') return error.code;
  // What @azure/identity throws has no code.
  if (/^(Aggregate)?(Authentication|CredentialUnavailable)/.test(error.name)) return 'UnauthorizedAccess';
  return error.name === 'AbortError' ? 'AbortError' : 'GeneralError';
}
