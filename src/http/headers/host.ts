import type { IncomingMessage } from 'node:http';
import type { Fault } from '../../core/errors.ts';
import { headerFault } from './header-error.ts';

/** What is wrong with the Host of a request: https://www.rfc-editor.org/rfc/rfc9112#section-3.2 wants one, and no more. */
export function hostFault({ httpVersion, headers, rawHeaders }: IncomingMessage): Fault | undefined {
  if (headers.host === undefined)
    return httpVersion === '1.1' ? headerFault('host', 'is required') : undefined;
  // Node drops all but the first; a proxy in front may have gone by another one.
  const hosts = rawHeaders.filter(
    (text, at) => at % 2 === 0 && text.length === 4 && text.toLowerCase() === 'host',
  );
  return hosts.length > 1 ? headerFault('host', 'must be there once') : undefined;
}
