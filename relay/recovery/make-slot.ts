import pg from 'pg';
import { parseLsn } from '../lsn.ts';
import type { OutboxTable } from '../outbox/outbox-table.ts';
import { RelayError } from '../relay-error.ts';
import { close, connect, connectForReplication } from './slot-connection.ts';
import { type SlotFailover, wantsFailover } from './slot-failover.ts';
import { parkedOrders, type UnsettledTable, unsettledPositions } from './unsettled-table.ts';

export interface NewSlot extends UnsettledTable {
  /** What `onLocked` returned. */
  readonly epoch: bigint;
  /** Lets other relays make the slot again; to be called when the stream has it, or has failed to get it. */
  release(): Promise<void>;
}

export interface MakeSlotOptions {
  /** A role with REPLICATION, straight to the server. */
  readonly url: string;
  readonly name: string;
  readonly table: OutboxTable;
  readonly failover: SlotFailover;
  /** Runs once no other relay can make the slot, before the slot is touched; undefined from it: another one was faster. */
  readonly onLocked: () => Promise<bigint | undefined>;
  readonly stopping: AbortSignal;
}

/**
 * Makes the slot anew and finds, in the very snapshot from which on it streams, what the table holds unsettled: nothing
 * falls between the two. Waits for transactions that are open now, ten seconds at most. Throws SLOT_BUSY when another relay is faster,
 * SLOT_UNUSABLE when the server does not have what `failover` asks for, and what `pg` throws.
 * https://www.postgresql.org/docs/current/logicaldecoding-explanation.html#LOGICALDECODING-SNAPSHOT-EXPORT
 */
export async function makeSlot({
  url,
  name,
  table,
  failover,
  onLocked,
  stopping,
}: MakeSlotOptions): Promise<NewSlot> {
  // First, since a transaction pooler refuses it: the lock that follows would stay behind in a session of the pooler's.
  const replication = await connectForReplication(url, stopping);
  try {
    const ordinary = await connect(url, {}, stopping);
    try {
      await lockSlotName(ordinary, name);
      const epoch = await onLocked();
      if (epoch === undefined)
        throw new RelayError('SLOT_BUSY', `Another relay has been at the slot ${name}`);
      const isFailover = wantsFailover(failover, await knowsFailover(ordinary));
      await ordinary.query(
        'SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = $1',
        [name],
      );
      const slotOptions = `SNAPSHOT 'export'${isFailover ? ', FAILOVER' : ''}`;
      const { rows } = await replication.query<{ consistent_point: string; snapshot_name: string }>(
        `CREATE_REPLICATION_SLOT ${pg.escapeIdentifier(name)} LOGICAL pgoutput (${slotOptions})`,
      );
      const [slot] = rows;
      if (!slot)
        throw new RelayError('SLOT_UNUSABLE', `PostgreSQL did not describe the slot ${name} it made`);
      await ordinary.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
      await ordinary.query(`SET TRANSACTION SNAPSHOT ${pg.escapeLiteral(slot.snapshot_name)}`);
      const positions = await unsettledPositions(ordinary, table);
      const parked = await parkedOrders(ordinary, table);
      await ordinary.query('COMMIT');
      const now = await ordinary.query<{ snapshot: string }>(
        'SELECT pg_current_snapshot()::text AS snapshot',
      );
      return {
        consistentLsn: parseLsn(slot.consistent_point),
        positions,
        parkedOrders: parked,
        snapshot: now.rows[0]?.snapshot ?? '',
        epoch,
        release: () => close(ordinary),
      };
    } catch (error) {
      await close(ordinary);
      throw error;
    }
  } finally {
    await close(replication);
  }
}

async function knowsFailover(client: pg.Client): Promise<boolean> {
  const { rows } = await client.query<{ knows: boolean }>(
    "SELECT current_setting('server_version_num')::int >= 170000 AS knows",
  );
  return rows[0]?.knows === true;
}

/**
 * Drops the slot, unless it is in use, another relay is making it, or `isStill` says that what this was decided on has changed.
 * Returns whether it did.
 */
export async function dropSlot(
  url: string,
  name: string,
  isStill: () => Promise<boolean>,
  stopping: AbortSignal,
): Promise<boolean> {
  const client = await connect(url, {}, stopping);
  try {
    await lockSlotName(client, name);
    if (!(await isStill())) return false;
    const { rowCount } = await client.query(
      'SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = $1 AND NOT active',
      [name],
    );
    return rowCount === 1;
  } finally {
    await close(client);
  }
}

/** Two relays that found no slot must not both make one: the second would take the first one's slot from under its scan. */
async function lockSlotName(client: pg.Client, name: string): Promise<void> {
  const { rows } = await client.query<{ locked: boolean }>(
    "SELECT pg_try_advisory_lock(hashtextextended('order-service relay slot ' || $1, 0)) AS locked",
    [name],
  );
  if (!rows[0]?.locked)
    throw new RelayError('SLOT_BUSY', `Another relay is making the replication slot ${name}`);
}
