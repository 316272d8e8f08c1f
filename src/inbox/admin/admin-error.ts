import { AppError, type CoreErrorCode } from '../../core/errors.ts';

/** Every way in which whoever decides about messages is told no. */
export type AdminErrorCode = CoreErrorCode | 'USAGE_INVALID' | 'MESSAGE_NOT_FOUND';

export type AdminError = AppError<AdminErrorCode>;
export const AdminError = AppError<AdminErrorCode>;
