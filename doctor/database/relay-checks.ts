import { setupAdvice } from '../../relay/failures/setup-advice.ts';
import { assertOutbox } from '../../relay/outbox/assert-outbox.ts';
import { MARKED_COLUMNS } from '../../relay/outbox/outbox-definition.ts';
import type { OutboxTable } from '../../relay/outbox/outbox-table.ts';
import { RelayError } from '../../relay/relay-error.ts';
import { inspectPublication } from '../../relay/replication/publication.ts';
import { type Check, check, knownCheck } from '../check.ts';
import { type Judgement, right, risky, wrong } from '../finding.ts';
import { flowChecks } from './flow-checks.ts';
import { type Privilege, privilegeChecks } from './privileges.ts';
import type { RelayDatabase } from './relay-database.ts';
import { replicationSettingsChecks } from './replication-settings.ts';
import { roleSettingsCheck } from './role-settings.ts';
import { serverChecks } from './server-checks.ts';
import type { SessionFacts } from './session.ts';
import { slotChecks } from './slot-checks.ts';

type Role = Pick<SessionFacts, 'role' | 'isSuperuser' | 'replicates' | 'seesStatistics'>;

export function judgeRole({ role, isSuperuser, replicates, seesStatistics }: Role): Judgement {
  if (isSuperuser) return risky(`${role} is a superuser: the relay needs REPLICATION and a few grants`);
  if (!replicates) return wrong(`${role} may not make or read a slot`, `ALTER ROLE ${role} REPLICATION;`);
  if (!seesStatistics) {
    return risky(
      `${role} cannot see whether the server still hears it`,
      `GRANT pg_read_all_stats TO ${role};`,
    );
  }
  return right(`${role} has REPLICATION and pg_read_all_stats`);
}

export const relayChecks: readonly Check<RelayDatabase>[] = [
  ...serverChecks,
  knownCheck('pooler', ({ facts }) =>
    facts.pooler === 'none'
      ? right('none is between')
      : wrong('a transaction pooler is between: RELAY_DATABASE_URL has to go straight to PostgreSQL'),
  ),
  ...replicationSettingsChecks,
  knownCheck('role', ({ facts }) => judgeRole(facts)),
  roleSettingsCheck,
  check(
    'table',
    ({ pool, table }) => refusal('OUTBOX_INCOMPLETE', assertOutbox(pool, table)),
    (fault, { table }) =>
      fault === undefined
        ? right(`${table.name} and relay_progress have the columns that the relay uses`)
        : wrong(fault, tableCommand(fault, table)),
  ),
  ...privilegeChecks(privileges),
  check(
    'publication',
    ({ pool, publication, table }) =>
      refusal('PUBLICATION_UNUSABLE', inspectPublication(pool, publication, table)),
    (fault, { publication }) =>
      fault === undefined
        ? right(`${publication} passes every insert, whole`)
        : wrong(fault, publicationCommand(fault, publication)),
  ),
  ...slotChecks,
  ...flowChecks,
];

/** docs/operations.md, "Roles and grants" */
function privileges({ table, deletes }: RelayDatabase): Privilege[] {
  const { outbox, progress } = table;
  return [
    { table: outbox, action: 'SELECT' },
    { table: outbox, action: 'UPDATE', columns: MARKED_COLUMNS },
    ...(deletes ? [{ table: outbox, action: 'DELETE' } as const] : []),
    { table: progress, action: 'SELECT' },
    { table: progress, action: 'INSERT' },
    { table: progress, action: 'UPDATE' },
  ];
}

/** What makes what the relay's own words call missing: of our own table a migration. */
export function tableCommand(fault: string, { name }: Pick<OutboxTable, 'name'>): string | undefined {
  if (!fault.includes('Run: npm run db:migrate')) return undefined;
  return name === 'outbox' ? 'npm run db:migrate' : 'npm run outbox -- init --apply';
}

/** The statement that the relay's own words end with, with the name of the publication. */
export function publicationCommand(fault: string, publication: string): string | undefined {
  const [, statement] = /\b(ALTER PUBLICATION .*|npm run .*)$/.exec(fault) ?? [];
  if (statement?.startsWith('npm')) return `${statement} --apply`;
  return statement && `${statement.replace('...', publication)};`;
}

/** What it refuses with this code, or what only a person can end; undefined if nothing. Another error is thrown. */
async function refusal(code: RelayError['code'], asked: Promise<unknown>): Promise<string | undefined> {
  try {
    await asked;
    return undefined;
  } catch (error) {
    if (error instanceof RelayError && error.code === code) return error.message;
    const advice = setupAdvice(error);
    if (advice !== undefined) return advice;
    throw error;
  }
}
