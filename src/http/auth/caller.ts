import { ApiError } from '../../api-error.ts';

/** What a token may allow: to change orders, to read them, and to do so for every customer. */
export type Scope = 'orders:write' | 'orders:read' | 'orders:any';

/** Who asks, as a verified token says. */
export interface Caller {
  readonly issuer: string;
  /** The token's `sub`: who it is at this issuer. */
  readonly subject: string;
  /** The one customer whose orders the caller may see and change. */
  readonly customerId?: string;
  readonly scopes: ReadonlySet<string>;
}

/**
 * The scope that a caller would need and does not have; undefined when nothing is missing. Without a customer it takes `orders:any`:
 * a token that forgot its customer must not open every order.
 */
export function missingScope({ scopes, customerId }: Caller, needed: Scope): Scope | undefined {
  if (!scopes.has(needed)) return needed;
  return customerId === undefined && !scopes.has('orders:any') ? 'orders:any' : undefined;
}

/** Throws FORBIDDEN when the caller is limited to another customer; `pointer` is where the customer stands in the body. */
export function requireCustomer(caller: Caller | undefined, customerId: string, pointer: string): void {
  if (caller?.customerId === undefined || caller.customerId === customerId) return;
  throw new ApiError('FORBIDDEN', 'The token is for another customer', {
    faults: [{ pointer, detail: 'customerId must be the customer of the token' }],
  });
}
