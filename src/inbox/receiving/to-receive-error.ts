import type { ServiceBusErrorCode } from '@azure/service-bus';
import { lastTry, serviceBusErrorCode } from '../../core/service-bus/service-bus-error.ts';
import { ReceiveError, type ReceiveErrorOptions } from './receive-error.ts';

type Verdict = Pick<ReceiveErrorOptions, 'kind' | 'retryAfterMs'> & { readonly advice?: string };

const passes: Verdict = { kind: 'transient' };
const lost: Verdict = { kind: 'lost' };
const operator = (advice: string): Verdict => ({ kind: 'operator', advice });

/** What each code of the SDK says about a receiver, and those that are given here to what comes without one. */
const VERDICTS = {
  // No session became free in time; where something else was not answered in time, `answeredWithin` says so.
  ServiceTimeout: { kind: 'none' },
  SessionCannotBeLocked: lost,
  SessionLockLost: lost,
  MessageLockLost: lost,
  MessageNotFound: lost,
  // https://learn.microsoft.com/azure/service-bus-messaging/service-bus-throttling: "wait 2 seconds"
  ServiceBusy: { kind: 'transient', retryAfterMs: 2_000 },
  ServiceCommunicationProblem: passes,
  GeneralError: passes,
  AbortError: passes,
  NotAnswered: passes,
  MessagingEntityNotFound: operator('create the queue or subscription, or correct INBOX_SUBSCRIPTIONS'),
  MessagingEntityDisabled: operator('enable the queue or subscription'),
  UnauthorizedAccess: operator('correct the key or the role (it needs Listen), or the clock of this machine'),
  InvalidConnectionString: operator('correct SERVICEBUS_CONNECTION_STRING or SERVICEBUS_NAMESPACE'),
  // How the service refuses a receiver without a session where one is required, and the other way round.
  InvalidOperationError: operator('set INBOX_SESSIONS to what the queue or subscription requires'),
  QuotaExceeded: operator('close other connections of this namespace'),
  // Of senders and of management: no receiver has met them.
  MessageSizeExceeded: passes,
  MessagingEntityAlreadyExists: passes,
} satisfies Record<
  ServiceBusErrorCode | 'AbortError' | 'NotAnswered' | 'InvalidConnectionString' | 'InvalidOperationError',
  Verdict
>;

/** Tells failures of the SDK apart by their code; a ReceiveError stays what it is. */
export function toReceiveError(error: unknown): ReceiveError {
  if (error instanceof ReceiveError) return error;
  const cause = lastTry(error);
  const code = codeOf(cause);
  const verdict: Verdict = (VERDICTS as Record<string, Verdict>)[code] ?? passes;
  const message = cause instanceof Error ? cause.message : String(cause);
  return new ReceiveError(
    verdict.advice === undefined ? message : `${message} (${code}): ${verdict.advice}`,
    {
      kind: verdict.kind,
      code,
      ...(verdict.retryAfterMs !== undefined && { retryAfterMs: verdict.retryAfterMs }),
      cause: error,
    },
  );
}

function codeOf(error: unknown): string {
  // A TypeError is how the SDK refuses a connection string.
  if (error instanceof TypeError && !('code' in error)) return 'InvalidConnectionString';
  const code = serviceBusErrorCode(error);
  // Codes of the service that the SDK has no name for stand before its text.
  const named = code === 'GeneralError' && error instanceof Error && /^(\w+Error): /.exec(error.message)?.[1];
  return named || code;
}
