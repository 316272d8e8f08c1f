import { parseIntoClientConfig } from 'pg-connection-string';
import { relayDatabaseUrl } from '../relay/config.ts';
import { setupAdvice } from '../relay/failures/setup-advice.ts';
import { parseOutboxTable } from '../relay/outbox/outbox-table.ts';
import { destinationOf, routingOf } from '../relay/publishing/service-bus/destination.ts';
import { signInUrl } from '../src/core/database-auth.ts';
import { asPgReadsIt } from '../src/core/postgres-url.ts';
import { parseRetention } from '../src/core/retention-period.ts';
import { connectionOf } from '../src/core/service-bus/service-bus-connection.ts';
import { parseConsumers } from '../src/inbox/consumer.ts';
import { examineBroker } from './broker/examine-broker.ts';
import { examineConsumers } from './broker/examine-consumers.ts';
import { type Check, examine, reasonOf, unasked } from './check.ts';
import { type Configuration, examineConfiguration, type Half } from './configuration.ts';
import { apiChecks } from './database/api-checks.ts';
import { inboxChecks } from './database/inbox-checks.ts';
import { relayChecks } from './database/relay-checks.ts';
import { type DatabaseSession, openSession } from './database/session.ts';
import { examineIssuer } from './examine-issuer.ts';
import { examineProcess } from './examine-process.ts';
import { type Finding, right, wrong } from './finding.ts';

export interface ExamineOptions {
  /** Of which process. Default: of those that are configured. */
  readonly halves?: readonly Half[] | undefined;
  readonly emulatorPort?: number | undefined;
}

/** Looks at everything that these variables lead to, and changes nothing. Never rejects; takes less than a minute. */
export async function examineSystem(
  env: NodeJS.ProcessEnv,
  { halves, emulatorPort }: ExamineOptions = {},
): Promise<Finding[]> {
  const { api, relay, inbox, findings } = examineConfiguration(env, halves);
  const looks = [
    ...(api ? lookAtApi(api) : []),
    ...(relay ? lookAtRelay(relay, emulatorPort) : []),
    ...(inbox ? lookAtInbox(inbox, emulatorPort) : []),
  ];
  return [...findings, ...(await Promise.all(looks)).flat()];
}

function lookAtApi(config: NonNullable<Configuration['api']>): Promise<Finding[]>[] {
  const poolSize = config.DATABASE_POOL_SIZE;
  return [
    examineDatabase(
      'PostgreSQL, for the api',
      signInUrl(config.DATABASE_URL, config.DATABASE_AUTH),
      apiChecks,
      (session) => ({ ...session, poolSize }),
    ),
    examineIssuer(config),
    examineProcess({ half: 'api', port: config.PORT }),
  ];
}

function lookAtRelay(
  config: NonNullable<Configuration['relay']>,
  emulatorPort: number | undefined,
): Promise<Finding[]>[] {
  const url = relayDatabaseUrl(config);
  return [
    examineDatabase('PostgreSQL, for the relay', url, relayChecks, (session) => ({
      ...session,
      table: parseOutboxTable(config.OUTBOX_TABLE),
      slot: config.RELAY_SLOT,
      slotFailover: config.RELAY_SLOT_FAILOVER,
      publication: config.RELAY_PUBLICATION,
      routing: routingOf(config),
      walLimitMb: config.RELAY_WAL_LIMIT_MB,
      port: config.RELAY_PORT,
      deletes: parseRetention(config.OUTBOX_RETENTION) !== undefined,
    })),
    examineBroker({
      destination: destinationOf(config),
      outageMinutes: config.RELAY_WAL_LIMIT_MINUTES,
      emulatorPort,
    }),
    examineProcess({ half: 'relay', port: config.RELAY_PORT }),
  ];
}

function lookAtInbox(
  config: NonNullable<Configuration['inbox']>,
  emulatorPort: number | undefined,
): Promise<Finding[]>[] {
  return [
    examineDatabase(
      'PostgreSQL, for the inbox',
      signInUrl(config.DATABASE_URL, config.DATABASE_AUTH),
      inboxChecks,
      (session) => session,
    ),
    examineConsumers({
      connection: connectionOf(config),
      consumers: parseConsumers(config.INBOX_SUBSCRIPTIONS),
      sessions: config.INBOX_SESSIONS,
      emulatorPort,
    }),
    examineProcess({ half: 'inbox', port: config.INBOX_PORT }),
  ];
}

async function examineDatabase<Source>(
  group: string,
  url: string,
  checks: readonly Check<Source>[],
  sourceOf: (session: DatabaseSession) => Source,
): Promise<Finding[]> {
  const { host = 'localhost', port = 5432, database } = parseIntoClientConfig(asPgReadsIt(url));
  try {
    const session = await openSession(url);
    const { role } = session.facts;
    const connected = right(`${role} at ${host}:${port}/${database}`);
    try {
      return [
        { group, check: 'connection', ...connected },
        ...(await examine(group, sourceOf(session), checks)),
      ];
    } finally {
      await session.pool.end();
    }
  } catch (error) {
    const command = `pg_isready -h ${host} -p ${port}`;
    const failed = wrong(setupAdvice(error) ?? reasonOf(error), command);
    return [{ group, check: 'connection', ...failed }, ...unasked(group, checks, 'there is no connection')];
  }
}
