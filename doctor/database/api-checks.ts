import { type Check, check } from '../check.ts';
import { type Judgement, right, risky } from '../finding.ts';
import { ordersChecks } from './orders-checks.ts';
import type { Privilege } from './privileges.ts';
import type { DatabaseSession } from './session.ts';

/** docs/operations.md, "Roles and grants" */
const PRIVILEGES: readonly Privilege[] = [
  { table: 'orders', action: 'SELECT' },
  { table: 'orders', action: 'INSERT' },
  { table: 'orders', action: 'UPDATE' },
  { table: 'order_items', action: 'SELECT' },
  { table: 'order_items', action: 'INSERT' },
  { table: 'order_history', action: 'SELECT' },
  { table: 'order_history', action: 'INSERT' },
  { table: 'outbox', action: 'INSERT' },
  {
    table: 'outbox',
    action: 'SELECT',
    columns: [
      'message_id',
      'message_type',
      'created_at',
      'position',
      'aggregate_id',
      'processed_at',
      'parked_at',
      'dropped_at',
    ],
  },
  { table: 'idempotency_keys', action: 'SELECT' },
  { table: 'idempotency_keys', action: 'INSERT' },
  { table: 'idempotency_keys', action: 'UPDATE' },
  { table: 'idempotency_keys', action: 'DELETE' },
];

export interface ApiDatabase extends DatabaseSession {
  readonly poolSize: number;
}

export function judgeConnections(room: ConnectionRoom, poolSize: number): Judgement {
  const needed = poolSize + 1; // one more for /health/ready
  const free = room.most - room.used;
  const told = `${free} of ${room.most} connections are free, and one api process takes up to ${needed}`;
  return free < needed ? risky(`${told}: raise max_connections, or lower DATABASE_POOL_SIZE`) : right(told);
}

export const apiChecks: readonly Check<ApiDatabase>[] = [
  ...ordersChecks(PRIVILEGES),
  check('connections', askConnections, (room, { poolSize }) => judgeConnections(room, poolSize)),
];

export interface ConnectionRoom {
  readonly used: number;
  /** For roles that are no superuser. */
  readonly most: number;
}

async function askConnections({ pool }: ApiDatabase): Promise<ConnectionRoom> {
  const { rows } = await pool.query<ConnectionRoom>(
    `SELECT current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int AS most,
       (SELECT sum(numbackends)::int FROM pg_stat_database) AS used`,
  );
  const [room] = rows;
  if (!room) throw new Error('PostgreSQL did not say how many connections it has');
  return room;
}
