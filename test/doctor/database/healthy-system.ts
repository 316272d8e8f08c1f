import { type LocalServiceBus, openServiceBus } from '../../../dev/service-bus/service-bus.ts';
import { cleanup, type Scope } from '../../support/cleanup.ts';
import { type Cluster, createCluster } from '../../support/cluster.ts';
import { forSuite } from '../../support/for-suite.ts';
import { brokerEnvironment, createDocumentedRoles, type Examined, examined } from '../support.ts';
import { runSql } from './run-sql.ts';

export const API = 'for the api';
export const RELAY = 'for the relay';
export const SLOT = 'order_outbox';

/** What is so before a relay has begun, and for whoever lets everybody in. */
export const EXPECTED_RISKS = [
  'Who may call the api: issuer',
  'PostgreSQL, for the relay: slot',
  'PostgreSQL, for the relay: progress',
];

/** Not on the command line of the server, where no ALTER SYSTEM would change it. */
const WORKING = `ALTER SYSTEM SET max_slot_wal_keep_size = '16GB';
  ALTER SYSTEM SET idle_in_transaction_session_timeout = '60s'; SELECT pg_reload_conf()`;

export interface HealthySystem {
  readonly cluster: Cluster;
  readonly bus: LocalServiceBus;
  readonly env: Record<string, string>;
  /** What the doctor finds now. */
  readonly look: () => Promise<Examined>;
}

/** A cluster of the suite's own with the roles of the documents, and a broker; there once the suite's tests run, closed after them. */
export function healthySystem(): HealthySystem {
  return forSuite(open);
}

async function open(scope: Scope): Promise<HealthySystem> {
  const cluster = await createCluster(scope, { fsync: 'on' });
  await runSql(cluster, WORKING);
  const bus = await openServiceBus({
    port: 0,
    namespace: {
      topics: [{ name: 'orders', duplicateWindowMs: 3_600_000, subscriptions: [{ name: 'all' }] }],
    },
  });
  cleanup(scope, () => bus.close());
  const env = { ...(await createDocumentedRoles(cluster)), ...brokerEnvironment(bus), API_AUTH: 'none' };
  return { cluster, bus, env, look: () => examined(env, { emulatorPort: bus.healthPort }) };
}
