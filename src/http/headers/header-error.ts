import { ApiError } from '../../api-error.ts';
import type { Fault } from '../../core/errors.ts';

/** Refuses a request for its headers. */
export const headerError = (...faults: readonly Fault[]) =>
  new ApiError('CONTEXT_INVALID', 'A header is not valid', { faults });

/** What is wrong with one header. It is no field of the body, hence the empty pointer. */
export const headerFault = (header: string, detail: string): Fault => ({
  pointer: '',
  detail: `${header} ${detail}`,
});

/** The same for a header whose name the client chose. */
export const ownHeaderFault = (header: string, detail: string): Fault => ({
  ...headerFault(header, detail),
  quotesClient: true,
});
