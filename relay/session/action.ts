import type { Mark } from './mark.ts';
import type { Redrive } from './parked-orders.ts';
import type { Pending } from './pending.ts';

/**
 * What the state wants done. verify: ask the table which of them are settled. send: to the broker. mark: in the table.
 * read: what waits in the table of these orders.
 */
export type Action =
  | { readonly kind: 'verify'; readonly messages: readonly Pending[] }
  | { readonly kind: 'send'; readonly batch: readonly Pending[] }
  | { readonly kind: 'mark'; readonly mark: Mark }
  | { readonly kind: 'read'; readonly redrives: readonly Redrive[] };
