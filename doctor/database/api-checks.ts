import { ApiError } from '../../src/api-error.ts';
import { errorCode } from '../../src/core/errors.ts';
import { assertSchemaCurrent } from '../../src/db/schema-version.ts';
import { type Check, check, knownCheck } from '../check.ts';
import { type Judgement, right, risky, wrong } from '../finding.ts';
import { type Privilege, privilegeChecks } from './privileges.ts';
import { roleSettingsCheck } from './role-settings.ts';
import { serverChecks } from './server-checks.ts';
import type { DatabaseSession, SessionFacts } from './session.ts';

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

const PERMISSION_DENIED = '42501';

export interface ApiDatabase extends DatabaseSession {
  readonly poolSize: number;
}

export function judgeApiPooler({ pooler }: Pick<SessionFacts, 'pooler'>): Judgement {
  if (pooler === 'none') return right('none is between');
  if (pooler === 'prepares') return right('a transaction pooler is between, which knows prepared statements');
  return risky(
    'a transaction pooler is between that does not know prepared statements: set max_prepared_statements of PgBouncer (1.21 or later)',
  );
}

export function judgeConnections(room: ConnectionRoom, poolSize: number): Judgement {
  const needed = poolSize + 1; // one more for /health/ready
  const free = room.most - room.used;
  const told = `${free} of ${room.most} connections are free, and one api process takes up to ${needed}`;
  return free < needed ? risky(`${told}: raise max_connections, or lower DATABASE_POOL_SIZE`) : right(told);
}

export const apiChecks: readonly Check<ApiDatabase>[] = [
  ...serverChecks,
  knownCheck('pooler', ({ facts }) => judgeApiPooler(facts)),
  check('schema', schemaFault, judgeSchema),
  ...privilegeChecks(() => PRIVILEGES),
  roleSettingsCheck,
  check(
    'synchronous_commit',
    async ({ pool }) => {
      const { rows } = await pool.query<{ value: string }>(
        "SELECT current_setting('synchronous_commit') AS value",
      );
      return rows[0]?.value ?? 'unknown';
    },
    (value, { facts }) =>
      value === 'off'
        ? risky(
            'it is off: a crash of PostgreSQL may lose orders that were acknowledged',
            `ALTER ROLE ${facts.role} SET synchronous_commit = on;`,
          )
        : right(value),
  ),
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

function judgeSchema(fault: Error | undefined, { facts: { role } }: ApiDatabase): Judgement {
  const code = errorCode(fault);
  if (!fault) return right('every migration of this release is applied');
  if (code === PERMISSION_DENIED) {
    const command = `GRANT USAGE ON SCHEMA drizzle TO ${role}; GRANT SELECT ON drizzle.__drizzle_migrations TO ${role};`;
    return wrong(`${role} may not see which migrations are applied: ${fault.message}`, command);
  }
  return wrong(fault.message, code === 'SCHEMA_BEHIND' ? 'npm run db:migrate' : undefined);
}

async function schemaFault({ pool }: ApiDatabase): Promise<Error | undefined> {
  try {
    await assertSchemaCurrent(pool);
    return undefined;
  } catch (error) {
    if (error instanceof ApiError || (error instanceof Error && errorCode(error) === PERMISSION_DENIED))
      return error;
    throw error;
  }
}
