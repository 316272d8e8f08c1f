import { AppError } from '../../core/errors.ts';

/** Why a message cannot be handled now, or ever, whatever its receptor says. What follows: src/inbox/handling/failure-policy.ts. */
export type HandlingErrorCode =
  | 'MESSAGE_ID_MISSING'
  | 'TYPE_UNKNOWN'
  | 'SCHEMA_TOO_NEW'
  | 'BODY_MALFORMED'
  | 'BODY_INVALID'
  | 'VERSION_CONFLICT'
  | 'MESSAGE_IN_HAND'
  | 'AGGREGATE_WAITS'
  | 'LOCK_LOST';

export type HandlingError = AppError<HandlingErrorCode>;
export const HandlingError = AppError<HandlingErrorCode>;
