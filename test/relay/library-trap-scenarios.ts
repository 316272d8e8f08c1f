import { execFileSync } from 'node:child_process';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Lsn } from '../../relay/lsn.ts';
import { createCluster } from '../support/cluster.ts';
import { hangAfter } from '../support/hang-after.ts';
import { insertEvents } from '../support/relay.ts';
import { type Commit, RelayStage } from '../support/relay-stage.ts';
import type { RelaySubject } from '../support/relay-subject.ts';
import { until } from '../support/until.ts';

// What pg-logical-replication, used as its README shows it, gets wrong, as scenarios that any relay can be put through.
// They only observe: what is right is said by library-traps.test.ts of ours, and by library-traps.long.ts of the README's.

/** Two messages of it do not share a batch. */
const LARGE = JSON.stringify({ text: 'x'.repeat(150_000) });

export interface AdjacentRound {
  readonly first: Commit;
  /** How far the slot was confirmed when the first was settled, the second was not, and the relay was killed. */
  readonly confirmedLsn: Lsn;
  readonly missing: readonly string[];
}

/** Two commit records side by side; the broker takes the first event, holds the second, and the relay is killed. */
export async function commitsSideBySide(
  t: TestContext,
  subject: RelaySubject,
  rounds: number,
): Promise<AdjacentRound[]> {
  const stage = await RelayStage.open(t, subject);
  const results: AdjacentRound[] = [];
  for (let n = 1; results.length < rounds; n++) {
    if (n > 10 * rounds) throw new Error('Others always wrote between the two commits');
    const a = await stage.begin(`First ${n}`, { aggregateId: 'o1', body: LARGE });
    const b = await stage.begin(`Second ${n}`, { aggregateId: 'o2', body: LARGE });
    hangAfter(stage.bus, 1);

    await a.query('COMMIT');
    await b.query('COMMIT');
    const [first, second] = (await stage.commits()).slice(-2) as [Commit, Commit];
    await stage.untilConfirmed(first);
    const confirmedLsn = await stage.confirmedLsn();
    await stage.kill();
    stage.bus.faults.heal();
    await stage.start();

    const missing = await stage.missing();
    // Another session of the same server may have written between them: then it was no such case.
    if (first.endLsn === second.lsn) results.push({ first, confirmedLsn, missing });
  }
  return results;
}

export interface Held {
  /** Of the transaction that the broker held. */
  readonly commit: Commit;
  readonly confirmedLsn: Lsn;
  readonly missing: readonly string[];
}

/** The broker holds an event, the relay goes on telling the server where it stands, and is killed. */
export async function eventHeld(t: TestContext, subject: RelaySubject): Promise<Held> {
  const stage = await RelayStage.open(t, subject);
  const hang = stage.bus.faults.inject({ kind: 'hang' });

  const commit = await stage.insert('Held');
  await until('the broker holds it', () => hang.hits > 0);
  for (let n = 1; n <= 2; n++) await stage.untilHeardFrom();

  return crash(stage, commit);
}

/** The same while other tables are busy, so that the server's keepalives name positions far behind the event. */
export async function eventHeldWhileOthersWrite(t: TestContext, subject: RelaySubject): Promise<Held> {
  const stage = await RelayStage.open(t, subject);
  const hang = stage.bus.faults.inject({ kind: 'hang' });

  const commit = await stage.insert('Held');
  await until('the broker holds it', () => hang.hits > 0);
  await stage.pool.query('CREATE TABLE busy (n int)');
  for (let n = 1; n <= 3; n++) {
    await stage.untilHeardFrom(() => stage.pool.query('INSERT INTO busy SELECT generate_series(1, 1000)'));
  }

  return crash(stage, commit);
}

/** Of the three rows of one transaction the broker takes the first and holds the others, and the relay is killed. */
export async function transactionHalfSettled(t: TestContext, subject: RelaySubject): Promise<Held> {
  const stage = await RelayStage.open(t, subject);
  hangAfter(stage.bus, 1);

  await insertEvents(stage.pool, 3, (n) => ({ type: `Row${n}`, aggregateId: `o${n}`, body: LARGE }));
  const commit = await stage.lastCommit();
  await stage.untilArrived('Row1');
  if (subject.reportsByItself) for (let n = 1; n <= 2; n++) await stage.untilHeardFrom();

  return crash(stage, commit);
}

export interface Refused {
  readonly missing: readonly string[];
  /** The types in the order of their first arrival, in the end. All are of one order. */
  readonly arrived: readonly string[];
}

/** The broker refuses an event once and takes the one after it; then the relay is killed. */
export async function eventRefusedOnce(t: TestContext, subject: RelaySubject): Promise<Refused> {
  const stage = await RelayStage.open(t, subject);
  const refusal = stage.bus.faults.inject({ kind: 'quotaExceeded', times: 1 });

  await stage.insert('Refused', { aggregateId: 'o1' });
  await until('the broker has refused it', () => refusal.hits > 0);
  const next = await stage.insert('Next', { aggregateId: 'o1' });
  await stage.untilConfirmed(next);
  await stage.kill();
  await stage.start();

  return { missing: await stage.missing(), arrived: stage.arrived() };
}

export interface Reconnected extends Refused {
  /** How many connections for replication there were. */
  readonly senders: number;
}

/** While the broker refuses an event the connection to the server breaks; then the broker is well. Several times. */
export async function connectionBroken(t: TestContext, subject: RelaySubject): Promise<Reconnected> {
  const stage = await RelayStage.open(t, subject);

  for (let n = 1; n <= 3; n++) {
    const refusal = stage.bus.faults.inject({ kind: 'quotaExceeded' });
    await stage.insert(`Refused ${n}`, { aggregateId: 'o1' });
    await until('the broker has refused it', () => refusal.hits > 0);
    await stage.breakConnection(() => refusal.heal());
  }

  return { missing: await stage.missing(), arrived: stage.arrived(), senders: await stage.senders() };
}

/** A second relay waits for the slot of the first for a while, and takes over when that is killed. */
export async function slotTaken(
  t: TestContext,
  first: RelaySubject,
  second: RelaySubject,
): Promise<Pick<Reconnected, 'senders' | 'missing'>> {
  const stage = await RelayStage.open(t, first);
  await stage.startAnother(second);

  const since = performance.now();
  let senders = 0;
  await until('it has waited for a while', async () => {
    senders = Math.max(senders, await stage.senders());
    return performance.now() - since > 1_500;
  });
  await stage.kill();

  return { senders, missing: await stage.missing() };
}

export interface Shutdown {
  /** It ended while the relay was attached. */
  readonly ended: boolean;
  /** The relay had to let go of the stream, since the server waited in vain for an exact confirmation. */
  readonly letGo: boolean;
}

/** A `fast` shutdown of the server with an idle relay attached; the patience is only for one that never ends. */
export async function serverShutdown(
  t: TestContext,
  subject: RelaySubject,
  patienceMs: number,
): Promise<Shutdown> {
  const { postgres, url } = await createCluster(t);
  const stage = await RelayStage.open(t, subject, { url });
  await stage.missing(); // one event has gone through, nothing is in flight

  const stopped = postgres.stop('fast').then(() => true);
  const ended = (await Promise.race([stopped, sleep(patienceMs, undefined, { ref: false })])) ?? false;
  const letGo = stage.lines.some((line) => line.includes('PostgreSQL is stopping'));

  await stage.kill();
  await stopped;
  return { ended, letGo };
}

export interface Blocked {
  /** The same connection streams all the time. */
  readonly keptConnection: boolean;
  /** Although nothing could be sent on, everything was read. */
  readonly readAll: boolean;
  readonly grownByMiB: number;
  /** Waits until the backlog is through. */
  readonly missing: () => Promise<string[]>;
}

// Three quarters of it are how long a relay of ours goes on without a word from the server.
const WAL_SENDER_TIMEOUT_MS = 8_000;
const BLOCKED_ROWS = 8_000;
const BLOCKED_BODY = JSON.stringify({ text: 'x'.repeat(10_000) });

/** The broker goes quiet for longer than wal_sender_timeout, with 80 MB to be relayed, and comes back. */
export async function brokerBlocked(t: TestContext, subject: RelaySubject): Promise<Blocked> {
  const urlOptions = `?options=${encodeURIComponent(`-c wal_sender_timeout=${WAL_SENDER_TIMEOUT_MS}`)}`;
  const stage = await RelayStage.open(t, subject, { urlOptions });
  await stage.missing(); // warm
  const before = await stage.sender();
  const beforeMiB = residentMiB(stage.pid);
  const freeze = stage.bus.faults.inject({ kind: 'freeze' });

  await stage.pool.query(
    `INSERT INTO outbox (message_id, message_type, message_body, aggregate_id)
     SELECT gen_random_uuid(), 'Many', $1, 'o' || n % 100 FROM generate_series(1, $2) n`,
    [BLOCKED_BODY, BLOCKED_ROWS],
  );
  const { endLsn } = await stage.lastCommit();
  const since = performance.now();
  let grownByMiB = 0;
  let now = before;
  await until('it has lasted longer than wal_sender_timeout', async () => {
    now = await stage.sender();
    grownByMiB = Math.max(grownByMiB, residentMiB(stage.pid) - beforeMiB);
    return performance.now() - since > 1.5 * WAL_SENDER_TIMEOUT_MS;
  });
  freeze.heal();

  const keptConnection = now?.pid === before?.pid;
  const readAll = now !== undefined && now.sentLsn >= endLsn;
  return { keptConnection, readAll, grownByMiB, missing: () => stage.missing() };
}

/** Numbers and spellings that JavaScript's JSON does not keep. Returns what was committed and what came out. */
export async function jsonRelayed(
  t: TestContext,
  subject: RelaySubject,
): Promise<{ committed: string; relayed: string | undefined }> {
  const stage = await RelayStage.open(t, subject);

  await stage.insert('Exact', {
    body: '{"n":12345678901234567890,"price":1.10,"tiny":1e-400,"s":"ü\\u0001"}',
  });
  await stage.untilArrived('Exact');

  const { rows } = await stage.pool.query<{ body: string }>('SELECT message_body::text AS body FROM outbox');
  return { committed: rows[0]?.body ?? '', relayed: stage.bus.journal.entries()[0]?.body.toString() };
}

async function crash(stage: RelayStage, commit: Commit): Promise<Held> {
  const confirmedLsn = await stage.confirmedLsn();
  await stage.kill();
  stage.bus.faults.heal();
  await stage.start();
  return { commit, confirmedLsn, missing: await stage.missing() };
}

function residentMiB(pid: number): number {
  return Number(execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' })) / 1024;
}
