import type { Socket } from 'node:net';
import pg from 'pg';
import { parseLsn } from '../lsn.ts';
import type { OutboxTable } from '../outbox/outbox-table.ts';
import { RelayError } from '../relay-error.ts';
import { parkedOrders, type UnsettledTable, unsettledPositions } from './unsettled-table.ts';

export interface NewSlot extends UnsettledTable {
  /** What `onLocked` returned. */
  readonly epoch: bigint;
  /** Lets other relays make the slot again; to be called when the stream has it, or has failed to get it. */
  release(): Promise<void>;
}

/**
 * Makes the slot anew and finds, in the very snapshot from which on it streams, what the table holds unsettled: nothing
 * falls between the two. Waits for transactions that are open now, ten seconds at most. `onLocked` runs once no other relay can
 * make the slot, before the slot
 * is touched; undefined from it means that another one was faster.
 * https://www.postgresql.org/docs/current/logicaldecoding-explanation.html#LOGICALDECODING-SNAPSHOT-EXPORT
 */
export async function makeSlot(
  url: string,
  name: string,
  table: OutboxTable,
  onLocked: () => Promise<bigint | undefined>,
  stopping: AbortSignal,
): Promise<NewSlot> {
  const ordinary = await connect({ connectionString: url, application_name: 'relay-recovery' }, stopping);
  try {
    await lockSlotName(ordinary, name);
    const epoch = await onLocked();
    if (epoch === undefined) throw new RelayError('SLOT_BUSY', `Another relay has been at the slot ${name}`);
    await ordinary.query(
      'SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = $1',
      [name],
    );
    const replication = await connect(
      {
        connectionString: url,
        application_name: 'relay-recovery',
        // Waiting for open transactions is waiting for locks; statement_timeout does not end it.
        options: '-c lock_timeout=10s -c statement_timeout=0',
        ...({ replication: 'database' } as object), // known to pg, missing in its types
      },
      stopping,
    );
    try {
      const { rows } = await replication.query<{ consistent_point: string; snapshot_name: string }>(
        `CREATE_REPLICATION_SLOT ${pg.escapeIdentifier(name)} LOGICAL pgoutput EXPORT_SNAPSHOT`,
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
    } finally {
      await close(replication);
    }
  } catch (error) {
    await close(ordinary);
    throw error;
  }
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
  const client = await connect({ connectionString: url, application_name: 'relay-recovery' }, stopping);
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

/** A server that accepts what it is sent and answers nothing ends no connection by itself. */
const ANSWER_WITHIN_MS = 15_000;
const END_WITHIN_MS = 1_000;

/** Each answer comes within 15 s. `stopping` cuts the connection, so that nothing waits for it. */
async function connect(config: pg.ClientConfig, stopping: AbortSignal): Promise<pg.Client> {
  stopping.throwIfAborted();
  const client = new pg.Client({
    connectionTimeoutMillis: 5_000,
    query_timeout: ANSWER_WITHIN_MS,
    ...config,
  });
  client.on('error', () => undefined); // whatever it was about fails with its own error
  const stop = () => cut(client);
  stopping.addEventListener('abort', stop);
  client.once('end', () => stopping.removeEventListener('abort', stop));
  await client.connect();
  return client;
}

async function close(client: pg.Client): Promise<void> {
  const tooLate = setTimeout(() => cut(client), END_WITHIN_MS);
  await client.end().finally(() => clearTimeout(tooLate));
}

function cut(client: pg.Client): void {
  // What its types leave out.
  const { connection } = client as unknown as { readonly connection: { readonly stream: Socket } };
  connection.stream.destroy();
}
