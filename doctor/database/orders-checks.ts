import { ApiError } from '../../src/api-error.ts';
import { errorCode } from '../../src/core/errors.ts';
import { assertSchemaCurrent } from '../../src/db/schema-version.ts';
import { type Check, check, knownCheck } from '../check.ts';
import { type Judgement, right, risky, wrong } from '../finding.ts';
import { type Privilege, privilegeChecks } from './privileges.ts';
import { roleSettingsCheck } from './role-settings.ts';
import { serverChecks } from './server-checks.ts';
import type { DatabaseSession, SessionFacts } from './session.ts';

const PERMISSION_DENIED = '42501';

/** Of a process that changes orders, with a role that needs these grants. */
export const ordersChecks = (privileges: readonly Privilege[]): readonly Check<DatabaseSession>[] => [
  ...serverChecks,
  knownCheck('pooler', ({ facts }) => judgePooler(facts)),
  check('schema', schemaFault, judgeSchema),
  ...privilegeChecks(() => privileges),
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
];

export function judgePooler({ pooler }: Pick<SessionFacts, 'pooler'>): Judgement {
  if (pooler === 'none') return right('none is between');
  if (pooler === 'prepares') return right('a transaction pooler is between, which knows prepared statements');
  return risky(
    'a transaction pooler is between that does not know prepared statements: set max_prepared_statements of PgBouncer (1.21 or later)',
  );
}

function judgeSchema(fault: Error | undefined, { facts: { role } }: DatabaseSession): Judgement {
  const code = errorCode(fault);
  if (!fault) return right('every migration of this release is applied');
  if (code === PERMISSION_DENIED) {
    const command = `GRANT USAGE ON SCHEMA drizzle TO ${role}; GRANT SELECT ON drizzle.__drizzle_migrations TO ${role};`;
    return wrong(`${role} may not see which migrations are applied: ${fault.message}`, command);
  }
  return wrong(fault.message, code === 'SCHEMA_BEHIND' ? 'npm run db:migrate' : undefined);
}

async function schemaFault({ pool }: DatabaseSession): Promise<Error | undefined> {
  try {
    await assertSchemaCurrent(pool);
    return undefined;
  } catch (error) {
    if (error instanceof ApiError || (error instanceof Error && errorCode(error) === PERMISSION_DENIED))
      return error;
    throw error;
  }
}
