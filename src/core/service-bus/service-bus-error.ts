/** Where the SDK gives up on several tries it throws an AggregateError without a code; the last try tells what is the matter now. */
export function lastTry(error: unknown): unknown {
  return error instanceof AggregateError && error.errors.length > 0 ? lastTry(error.errors.at(-1)) : error;
}

/** The SDK's code of its error; `AbortError`, `UnauthorizedAccess` and `GeneralError` for what comes without one. */
export function serviceBusErrorCode(error: unknown): string {
  if (!(error instanceof Error)) return 'GeneralError';
  if ('code' in error && typeof error.code === 'string') return error.code;
  // What @azure/identity throws has no code.
  if (/^(Aggregate)?(Authentication|CredentialUnavailable)/.test(error.name)) return 'UnauthorizedAccess';
  return error.name === 'AbortError' ? 'AbortError' : 'GeneralError';
}
