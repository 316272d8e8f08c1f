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

export interface FaultKind {
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
  /** Carries it out and heals it. */
  run(stage: Stage, choice: Choice): Promise<Bite>;
}

/** Whether a statement was carried out; that it was not may be on purpose. */
export function succeeds(statement: Promise<unknown>): Promise<boolean> {
  return statement.then(
    () => true,
    () => false,
  );
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
