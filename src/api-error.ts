import { AppError, type CoreErrorCode } from './core/errors.ts';

/** Every way in which the api says no, each documented where it is thrown. What a client is told: src/http/problem-details.ts. */
export type ApiErrorCode =
  | CoreErrorCode
  | 'SCHEMA_BEHIND'
  | 'SCHEMA_NOT_FOUND'
  | 'CONTEXT_INVALID'
  | 'REQUEST_INVALID'
  | 'UNAUTHENTICATED'
  | 'FORBIDDEN'
  | 'ROUTE_NOT_FOUND'
  | 'METHOD_NOT_ALLOWED'
  | 'NOT_ACCEPTABLE'
  | 'HTTPS_REQUIRED'
  | 'RATE_LIMITED'
  | 'IDEMPOTENCY_KEY_IN_USE'
  | 'IDEMPOTENCY_KEY_REUSED'
  | 'ORDER_INVALID'
  | 'ORDER_NOT_FOUND'
  | 'ORDER_LOCKED'
  | 'ORDER_NOT_CANCELLABLE'
  | 'ORDER_VERSION_MISMATCH'
  | 'OVERLOADED'
  | 'COMMIT_UNCERTAIN'
  | 'ISSUER_UNAVAILABLE';

export type ApiError = AppError<ApiErrorCode>;
export const ApiError = AppError<ApiErrorCode>;

/** Every AppError in the api's process has one of these codes. */
export const isApiError = (error: unknown): error is ApiError => error instanceof AppError;
