import { blindSpans } from './blind-spans.ts';
import type { Arrival } from './broker.ts';
import { checkEvents, type Repeats } from './checker.ts';
import { checkDelays } from './delay-checker.ts';
import { type FaultRecord, faultKinds } from './fault-driver.ts';
import type { FaultKind } from './faults/fault.ts';
import type { History } from './history.ts';
import { checkOrders, readStoredOrders } from './order-checker.ts';
import type { PlacedOrder } from './order-clients.ts';
import { checkReadiness } from './readiness-checker.ts';
import { recoveryTimes } from './recovery-times.ts';
import { commitOf, type Rig } from './rig.ts';
import type { ChaosOptions } from './run-chaos.ts';
import { RETENTION_MINUTE_MS } from './short-retention.ts';
import type { Sighting } from './system-watch.ts';
import { checkTable, type TableExtent } from './table-checker.ts';
import { timelineOf } from './timeline.ts';
import type { Violation } from './violation.ts';
import type { Committed } from './witness.ts';
import { checkWitness } from './witness-checker.ts';

/** What a run has seen; the broker's journal and the database are still there to be asked. */
export interface Observed {
  readonly committed: readonly Committed[];
  readonly placed: readonly PlacedOrder[];
  readonly faults: readonly FaultRecord[];
  /** Messages that the broker can never take, by their ids. */
  readonly poison: ReadonlySet<string>;
  /** Orders of which some message was refused on purpose. */
  readonly troubled: ReadonlySet<string>;
  readonly sightings: readonly Sighting[];
  /** Why the system did not come to rest; empty: it did. */
  readonly notDrained: readonly string[];
}

export interface ChaosResult {
  readonly options: ChaosOptions;
  readonly commit: string;
  readonly orders: { readonly acknowledged: number; readonly cancelled: number; readonly unknown: number };
  readonly events: { readonly committed: number; readonly accepted: number; readonly held: number };
  readonly table: TableExtent;
  readonly faults: readonly FaultRecord[];
  /** In milliseconds, by the kind of fault. */
  readonly recovery: ReadonlyMap<string, readonly number[]>;
  /** How often a process ended by itself. */
  readonly ownExits: number;
  readonly repeats: Repeats;
  readonly violations: readonly Violation[];
  /** What happened around the first violations. */
  readonly timeline: readonly string[];
  /** Where history, journal and logs are; they are kept when there are violations. */
  readonly folder: string;
}

/** After it, nothing that was in flight in a fault is still to come. */
const EXCUSED_FOR_MS = 10_000;

/** Holds what was observed to what the database and the broker have in the end. */
export async function judge(
  options: ChaosOptions,
  rig: Rig,
  history: History,
  folder: string,
  observed: Observed,
): Promise<ChaosResult> {
  const { committed, placed, faults, poison, troubled, notDrained } = observed;
  const arrivals = rig.broker.arrivals();
  const readAt = Date.now();
  const { rows } = await rig.db.query<{ id: string; held: boolean }>(
    `SELECT message_id::text AS id,
       (parked_at IS NOT NULL OR deferred_at IS NOT NULL) AND processed_at IS NULL AS held FROM outbox`,
  );
  const held = new Set(rows.filter((row) => row.held).map(({ id }) => id));
  const spansOf = (isMeant: (kind: FaultKind | undefined) => boolean | undefined) =>
    faults
      .filter(({ kind }) => isMeant(faultKinds[kind]))
      .map(({ startedAt, endedAt }) => ({ from: startedAt, to: endedAt + EXCUSED_FOR_MS }));
  const faultSpans = spansOf((kind) => kind?.excusesRepeats);
  const blind = blindSpans(observed.sightings).map(({ from, to }) => ({ from, to: to + EXCUSED_FOR_MS }));
  const disturbances = [...spansOf((kind) => !kind?.ofOneOrder), ...blind];
  const events = checkEvents({ committed, arrivals, poison, held, faultSpans });
  const table = checkTable(observed.sightings);
  const violations: Violation[] = [
    ...notDrained.map((detail) => ({ kind: 'not drained', id: '', detail }) as const),
    ...checkWitness({
      seen: new Set(committed.map(({ messageId }) => messageId)),
      stored: new Set(rows.map(({ id }) => id)),
      old: acceptedBefore(arrivals, readAt - RETENTION_MINUTE_MS),
    }),
    ...events.violations,
    ...checkDelays({ committed, arrivals, troubled, disturbances }),
    ...checkReadiness(observed.sightings),
    ...table.violations,
    ...checkOrders(placed, await readStoredOrders(rig.db), committed),
  ];
  const members = [...rig.apis, ...rig.relays].map(({ member }) => member);
  return {
    options,
    commit: commitOf(),
    orders: {
      acknowledged: placed.filter(({ created }) => created === 'ok').length,
      cancelled: placed.filter(({ cancelled }) => cancelled === 'ok').length,
      unknown: placed.filter(({ created }) => created === 'info').length,
    },
    events: { committed: committed.length, accepted: arrivals.length, held: held.size },
    table: table.extent,
    faults,
    recovery: recoveryTimes(faults, committed, arrivals),
    ownExits: members.reduce((sum, { ownEnds }) => sum + ownEnds.exits, 0),
    repeats: events.repeats,
    violations,
    timeline: violations.length > 0 ? timelineOf(violations, history.read(), committed, arrivals) : [],
    folder,
  };
}

function acceptedBefore(arrivals: readonly Arrival[], time: number): Set<string> {
  return new Set(arrivals.filter(({ at }) => at < time).map(({ messageId }) => messageId));
}
