import { AppError, type CoreErrorCode } from '../../src/core/errors.ts';

/** Every way in which an operator is told no, each documented where it is thrown. */
export type AdminErrorCode = CoreErrorCode | 'USAGE_INVALID' | 'MESSAGE_NOT_FOUND' | 'MESSAGE_NOT_PARKED';

export type AdminError = AppError<AdminErrorCode>;
export const AdminError = AppError<AdminErrorCode>;
