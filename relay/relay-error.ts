import { AppError, type CoreErrorCode } from '../src/core/errors.ts';

/** Every way in which the relay says no, each documented where it is thrown. What follows: relay/failures/retry-policy.ts. */
export type RelayErrorCode =
  | CoreErrorCode
  | 'OUTBOX_INCOMPLETE'
  | 'WAL_MALFORMED'
  | 'OUTBOX_UNREADABLE'
  | 'SLOT_BUSY'
  | 'SLOT_MOVED'
  | 'SLOT_UNUSABLE'
  | 'PUBLICATION_UNUSABLE'
  | 'DATABASE_SET_BACK'
  | 'EPOCH_LOST'
  | 'RECOVERY_REQUESTED'
  | 'STREAM_LOST';

export type RelayError = AppError<RelayErrorCode>;
export const RelayError = AppError<RelayErrorCode>;

/** Every AppError in the relay's process has one of these codes. */
export const isRelayError = (error: unknown): error is RelayError => error instanceof AppError;
