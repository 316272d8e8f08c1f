import { randomUUID } from 'node:crypto';
import { until } from '../../../support/until.ts';
import type { OrderClients } from '../order-clients.ts';
import { healthOf, type RelayNode, type Rig } from '../rig.ts';

const ROLES_WITHIN_MS = 5_000;

/** Where faults happen. */
export interface Stage {
  readonly rig: Rig;
  readonly clients: OrderClients;
  /** Messages that the broker can never take, by their ids. */
  readonly poison: Set<string>;
  /** The orders of which some message is refused on purpose: they wait, and no other does. */
  readonly troubled: Set<string>;
}

/** What the seed has decided about one fault. */
export interface Choice {
  /** Which of two alike. */
  readonly target: 0 | 1;
  readonly durationMs: number;
  /** From 0 up to, but not, 1: for whatever else there is to choose. */
  readonly dice: number;
}

/** Whether something was in flight that the fault could spoil, and from when on recovery counts (default: its end). */
export interface Bite {
  readonly bit: boolean;
  readonly brokenAt?: number;
}

export interface FaultKind<S = Stage> {
  /** As the verdict's table calls it. */
  readonly label: string;
  readonly weight: number;
  /** The shortest and the longest it lasts. */
  readonly durationMs: readonly [number, number];
  /** Two faults of one victim never overlap. */
  readonly victim: (choice: Choice) => string;
  /** A clean stop is no excuse for sending something twice. */
  readonly excusesRepeats: boolean;
  /** It is a kill of a process. */
  readonly kill?: boolean;
  /** It is about one order, and delays no other. */
  readonly ofOneOrder?: boolean;
  /** Carries it out and heals it. */
  run(stage: S, choice: Choice): Promise<Bite>;
}

/** Whether a statement was carried out; that it was not may be on purpose. */
export function succeeds(statement: Promise<unknown>): Promise<boolean> {
  return statement.then(
    () => true,
    () => false,
  );
}

/**
 * Carries out what needs the table for itself, as soon as it can be had: behind a transaction that is open it would wait with
 * everybody else behind it. It may be carried out twice.
 */
export async function alter({ rig }: Stage, sql: string): Promise<void> {
  await until(`this is done: ${sql}`, () =>
    succeeds(rig.db.query(`SET LOCAL lock_timeout = '200ms'; ${sql}`)),
  );
}

/** One plain INSERT; where PostgreSQL is away there is no event, or one that was not confirmed, which the witness knows. */
export function publish({ rig }: Stage, event: Event): Promise<boolean> {
  const { messageId = randomUUID(), type = 'Noted', aggregateId, body = '{}', metadata = null } = event;
  const sql =
    'INSERT INTO outbox (message_id, message_type, message_body, aggregate_id, metadata) VALUES ($1, $2, $3, $4, $5)';
  return succeeds(rig.db.query(sql, [messageId, type, body, aggregateId, metadata]));
}

export interface Event {
  readonly messageId?: string;
  readonly type?: string;
  readonly aggregateId: string;
  readonly body?: string;
  readonly metadata?: string;
}

/** How many rows wait to be published or marked; some, when PostgreSQL cannot be asked. */
export async function unsettled({ rig }: Stage): Promise<number> {
  try {
    const { rows } = await rig.db.query<{ count: number }>(
      `SELECT count(*)::int AS count FROM outbox
       WHERE processed_at IS NULL AND parked_at IS NULL AND dropped_at IS NULL AND deferred_at IS NULL`,
    );
    return rows[0]?.count ?? 0;
  } catch {
    return 1; // PostgreSQL is being killed, with rows waiting
  }
}

/** Ends the sessions that this condition is true of. */
export async function terminate(stage: Stage, which: string): Promise<Bite> {
  const waiting = await unsettled(stage);
  const { rowCount } = await stage.rig.db.query(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE ${which}`,
  );
  return { bit: (rowCount ?? 0) > 0 && waiting > 0 };
}

export interface Roles {
  readonly active: RelayNode;
  readonly standby: RelayNode;
}

/** The relay that streams, and the other one, as soon as one does; undefined when none does for a while. */
export function relayRoles(stage: Stage): Promise<Roles | undefined> {
  return until('a relay streams', () => rolesNow(stage), ROLES_WITHIN_MS).catch(() => undefined);
}

async function rolesNow({ rig }: Stage): Promise<Roles | undefined> {
  const states = await Promise.all(rig.relays.map(async ({ url }) => (await healthOf(url))?.state));
  const at = states.findIndex((state) => state === 'streaming' || state === 'settling');
  const [active, standby] = at === 0 ? rig.relays : [rig.relays[1], rig.relays[0]];
  return at >= 0 && active && standby ? { active, standby } : undefined;
}
