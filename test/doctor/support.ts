import assert from 'node:assert/strict';
import type { LocalServiceBus } from '../../dev/service-bus/service-bus.ts';
import { type ExamineOptions, examineSystem } from '../../doctor/examine.ts';
import type { Finding, Verdict } from '../../doctor/finding.ts';
import { exitCode } from '../../doctor/report.ts';
import type { Cluster } from '../support/cluster.ts';
import { sqlBlock } from '../support/documents.ts';

/** What the doctor is to find about one thing. */
export interface Expected {
  /** The group ends with it: `api`, `relay`, `Service Bus`. */
  readonly of: string;
  readonly check: string;
  readonly verdict: Verdict;
  readonly reason: RegExp;
}

export interface Examined {
  readonly findings: readonly Finding[];
  /** The one about this thing. */
  readonly finding: (of: string, check: string) => Finding;
  /** `group: check` of all that have this verdict. */
  readonly named: (verdict: Verdict) => string[];
}

/** No process of the test is at the usual ports: whoever is there is somebody else's. */
const NOBODY = { PORT: '1', RELAY_PORT: '1', INBOX_PORT: '1' };

export async function examined(env: Record<string, string>, options?: ExamineOptions): Promise<Examined> {
  const findings = await examineSystem({ ...NOBODY, ...env }, options);
  const finding = (of: string, check: string) => {
    const [found, ...more] = findings.filter((each) => each.group.endsWith(of) && each.check === check);
    assert.ok(found && more.length === 0, `one finding about ${check} of ${of}: ${JSON.stringify(findings)}`);
    return found;
  };
  return {
    findings,
    finding,
    named: (verdict) =>
      findings.flatMap((each) => (each.verdict === verdict ? [`${each.group}: ${each.check}`] : [])),
  };
}

/** Checks that this was found, and that the command's exit code says so; returns the finding. */
export function assertFound({ findings, finding }: Examined, expected: Expected): Finding {
  const found = finding(expected.of, expected.check);
  assert.equal(found.verdict, expected.verdict, found.reason);
  assert.match(found.reason, expected.reason);
  if (expected.verdict === 'wrong') assert.equal(exitCode(findings), 1);
  return found;
}

/** A local Service Bus, as the relay is told of it. */
export function brokerEnvironment(bus: LocalServiceBus): Record<string, string> {
  return { SERVICEBUS_CONNECTION_STRING: bus.connectionString, SERVICEBUS_ENTITY: 'orders' };
}

/** The roles and grants of docs/operations.md; returns the URLs of the api and the relay. */
export async function createDocumentedRoles({ pool, url }: Pick<Cluster, 'pool' | 'url'>) {
  await pool.query(sqlBlock('roles'));
  await pool.query(sqlBlock('grants'));
  const urlOf = (username: string) => Object.assign(new URL(url), { username }).href;
  return { DATABASE_URL: urlOf('order_api'), RELAY_DATABASE_URL: urlOf('order_relay') };
}
