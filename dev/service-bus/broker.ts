import type { Faults } from './faults.ts';
import type { AdjustableLimits } from './limits.ts';
import type { Namespace } from './namespace.ts';
import type { Throttle } from './throttle.ts';

/** What the connections of one broker share. */
export interface Broker {
  readonly namespace: Namespace;
  readonly faults: Faults;
  readonly limits: AdjustableLimits;
  readonly throttle: Throttle;
  /** What people call the entity at a path: `sb://localhost/orders`. */
  readonly addressOf: (path: string) => string;
  /** Epoch milliseconds. */
  readonly now: () => number;
}
