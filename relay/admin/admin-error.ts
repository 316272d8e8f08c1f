import { AppError, type CoreErrorCode } from '../../src/core/errors.ts';

/** Every way in which an operator is told no, each documented where it is thrown. */
export type AdminErrorCode =
  | CoreErrorCode
  | 'USAGE_INVALID'
  | 'MESSAGE_NOT_FOUND'
  | 'MESSAGE_NOT_PARKED'
  | 'SLOT_NOT_OURS';

export type AdminError = AppError<AdminErrorCode>;
export const AdminError = AppError<AdminErrorCode>;

/** Every AppError of what an operator asks for has one of these codes. */
export const isAdminError = (error: unknown): error is AdminError => error instanceof AppError;
