import type { OutboxTable } from '../../relay/outbox/outbox-table.ts';
import type { Routing } from '../../relay/outbox/routing.ts';
import type { SlotFailover } from '../../relay/recovery/slot-failover.ts';
import type { DatabaseSession } from './session.ts';

/** The database as the relay would meet it. */
export interface RelayDatabase extends DatabaseSession {
  readonly table: OutboxTable;
  readonly slot: string;
  readonly slotFailover: SlotFailover;
  readonly publication: string;
  /** SERVICEBUS_ENTITY and SERVICEBUS_ROUTES. */
  readonly routing: Routing;
  /** RELAY_WAL_LIMIT_MB. */
  readonly walLimitMb: number;
  /** RELAY_PORT. */
  readonly port: number;
  /** Whether the relay deletes old rows. */
  readonly deletes: boolean;
}
