import type { Faults } from './faults.ts';
import type { Namespace } from './namespace.ts';
import type { SharedAccessKey } from './sas-token.ts';

/** What the connections of one broker share. */
export interface Broker {
  readonly namespace: Namespace;
  readonly faults: Faults;
  readonly accessKey: SharedAccessKey;
  /** Epoch milliseconds. */
  readonly now: () => number;
}
