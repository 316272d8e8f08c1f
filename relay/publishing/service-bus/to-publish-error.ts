import type { ServiceBusErrorCode } from '@azure/service-bus';
import { lastTry, serviceBusErrorCode } from '../../../src/core/service-bus/service-bus-error.ts';
import { PublishError, type PublishErrorOptions } from '../publish-error.ts';

type Verdict = Omit<PublishErrorOptions, 'code' | 'cause'>;

const passes: Verdict = { kind: 'transient' };
const perhapsAccepted: Verdict = { kind: 'transient', outcomeUnknown: true };
const needsPerson: Verdict = { kind: 'operator' };
const poison: Verdict = { kind: 'poison' };
const refused: Verdict = { kind: 'refused' };

/** What each code of the SDK says about a send, and those that are given here to what comes without one. */
const VERDICTS = {
  // https://learn.microsoft.com/azure/service-bus-messaging/service-bus-throttling: "wait 2 seconds"
  ServiceBusy: { kind: 'transient', retryAfterMs: 2_000 },
  ServiceTimeout: perhapsAccepted,
  ServiceCommunicationProblem: perhapsAccepted,
  GeneralError: perhapsAccepted,
  AbortError: perhapsAccepted,
  MessagingEntityNotFound: needsPerson,
  MessagingEntityDisabled: needsPerson,
  QuotaExceeded: needsPerson,
  UnauthorizedAccess: needsPerson,
  InvalidConnectionString: needsPerson,
  MessageSizeExceeded: poison,
  // Of receivers and of management: no send has met them.
  MessageLockLost: passes,
  MessageNotFound: passes,
  MessagingEntityAlreadyExists: passes,
  SessionCannotBeLocked: passes,
  SessionLockLost: passes,
} satisfies Record<ServiceBusErrorCode | 'AbortError' | 'InvalidConnectionString', Verdict>;

/** What a person has to do, for the codes that nothing else mends. */
const ADVICE: Readonly<Record<string, string>> = {
  MessagingEntityNotFound: 'create the topic or queue, or correct SERVICEBUS_ENTITY or SERVICEBUS_ROUTES',
  MessagingEntityDisabled: 'enable the topic or queue',
  QuotaExceeded: 'have somebody receive from it, or make it larger',
  UnauthorizedAccess:
    'correct the key or the role (it needs Send), or the clock of this machine, and restart the relay',
  InvalidConnectionString: 'correct SERVICEBUS_CONNECTION_STRING or SERVICEBUS_NAMESPACE',
};

/**
 * Tells failures of the SDK apart by their code; a PublishError stays what it is. `linkLives`: the link that it was sent on is
 * still there, so that a failure without a code of its own is the broker's answer. The SDK's `retryable` is no help: it is false
 * for an entity that is missing or disabled, which a person will mend, and true for unauthorized and for a batch that is too large.
 */
export function toPublishError(error: unknown, linkLives = false): PublishError {
  if (error instanceof PublishError) return error;
  const cause = lastTry(error);
  const code = serviceBusErrorCode(cause);
  const verdict =
    linkLives && code === 'GeneralError' ? refused : ((VERDICTS as Record<string, Verdict>)[code] ?? passes);
  const message = cause instanceof Error ? cause.message : String(cause);
  const advice = ADVICE[code];
  return new PublishError(advice === undefined ? message : `${message} (${code}): ${advice}`, {
    ...verdict,
    code,
    cause: error,
  });
}

/** What a failure to connect to this entity means: no message is to blame for it, and none was accepted. */
export function unreachable(entity: string, error: unknown): PublishError {
  const { kind, message, retryAfterMs } = toPublishError(error);
  // A TypeError is how the SDK refuses a connection string.
  const isMisconfigured = error instanceof TypeError || kind === 'poison';
  return new PublishError(`Cannot reach Service Bus entity ${entity}: ${message}`, {
    kind: isMisconfigured ? 'operator' : kind,
    code: 'BROKER_UNREACHABLE',
    retryAfterMs,
    cause: error,
  });
}
