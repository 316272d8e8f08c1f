import type { Socket } from 'node:net';
import pg from 'pg';
import { sessionKind } from '../../src/core/session-settings.ts';
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
 * make the slot, before the slot is touched; undefined from it means that another one was faster.
 * https://www.postgresql.org/docs/current/logicaldecoding-explanation.html#LOGICALDECODING-SNAPSHOT-EXPORT
 */
export async function makeSlot(
  url: string,
  name: string,
  table: OutboxTable,
  onLocked: () => Promise<bigint | undefined>,
  stopping: AbortSignal,
): Promise<NewSlot> {
  // First, since a transaction pooler refuses it: the lock that follows would stay behind in a session of the pooler's.
  const replication = await connect(url, { replication: 'database' } as object, stopping); // known to pg, missing in its types
  try {
    const ordinary = await connect(url, {}, stopping);
    try {
      await lockSlotName(ordinary, name);
      const epoch = await onLocked();
      if (epoch === undefined)
        throw new RelayError('SLOT_BUSY', `Another relay has been at the slot ${name}`);
      await ordinary.query(
        'SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = $1',
        [name],
      );
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
    } catch (error) {
      await close(ordinary);
      throw error;
    }
  } finally {
    await close(replication);
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

/** Waiting for open transactions, which making a slot does, is waiting for locks; no other time limit of the server ends it. */
const WAIT_WITHIN_MS = 10_000;
/** A server that accepts what it is sent and answers nothing ends no connection by itself. */
const ANSWER_WITHIN_MS = 15_000;
/** A relay that is frozen in the middle keeps neither a snapshot nor the name of the slot. */
const IDLE_WITHIN_MS = 60_000;
const END_WITHIN_MS = 1_000;

/** Each answer comes within 15 s. `stopping` cuts the connection, so that nothing waits for it. */
async function connect(url: string, more: pg.ClientConfig, stopping: AbortSignal): Promise<pg.Client> {
  stopping.throwIfAborted();
  const { config, prepare } = sessionKind({
    url,
    applicationName: 'relay-recovery',
    uncheckedText: true,
    connectTimeoutMs: 5_000,
    lockTimeoutMs: WAIT_WITHIN_MS,
    idleInTransactionTimeoutMs: IDLE_WITHIN_MS,
    settings: { idle_session_timeout: String(IDLE_WITHIN_MS) },
  });
  const client = new pg.Client({ ...config, ...more, query_timeout: ANSWER_WITHIN_MS });
  client.on('error', () => undefined); // whatever it was about fails with its own error
  const stop = () => cut(client);
  stopping.addEventListener('abort', stop);
  client.once('end', () => stopping.removeEventListener('abort', stop));
  await client.connect();
  try {
    await prepare(client);
    return client;
  } catch (error) {
    await close(client);
    throw error;
  }
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
