import { AppError } from '../../core/errors.ts';
import { reasonOf } from '../../db/database-failure.ts';

/** What Service Bus keeps: https://learn.microsoft.com/azure/service-bus-messaging/service-bus-quotas */
const LONGEST = 4_096;

/** Why a message could not be handled, for a person. Without what a statement was given, which may be personal data. */
export function describeFailure(error: unknown): string {
  const reason = reasonOf(error);
  const told = error instanceof AppError ? `${error.code}: ${reason}` : reason;
  return told.slice(0, LONGEST).toWellFormed();
}
