import { setTimeout as sleep } from 'node:timers/promises';
import { healthOf, type Rig } from './rig.ts';

/** What could be seen at one moment. */
export interface Sighting {
  /** Epoch milliseconds. */
  readonly at: number;
  /** Undefined: the database did not answer. */
  readonly table: TableSighting | undefined;
  readonly relays: readonly RelaySighting[];
}

export interface TableSighting {
  /** The first event that is neither settled nor waits for a person; null: there is none. */
  readonly oldestId: string | null;
  readonly oldestAgeMs: number;
  readonly rows: number;
  readonly bytes: number;
  /** How long ago the first of the rows that are still there was published; 0 without one. */
  readonly oldestPublishedMs: number;
}

export interface RelaySighting {
  readonly name: string;
  /** Undefined: it does not run. */
  readonly pid: number | undefined;
  /** Undefined: it does not answer. */
  readonly ready: boolean | undefined;
}

const EVERY_MS = 1_000;

const LOOK = `SELECT rows, bytes, "oldestPublishedMs", oldest.id AS "oldestId", coalesce(oldest.age, 0) AS "oldestAgeMs" FROM (
    SELECT count(*)::int AS rows, pg_table_size('outbox')::float8 AS bytes,
      coalesce(extract(epoch FROM clock_timestamp() - min(processed_at)) * 1000, 0)::float8 AS "oldestPublishedMs" FROM outbox
  ) AS kept LEFT JOIN LATERAL (
    SELECT message_id::text AS id, (extract(epoch FROM clock_timestamp() - created_at) * 1000)::float8 AS age FROM outbox
    WHERE processed_at IS NULL AND parked_at IS NULL AND dropped_at IS NULL AND deferred_at IS NULL ORDER BY position LIMIT 1
  ) AS oldest ON true`;

/** Looks at the table and at what the relays say of themselves, once a second, on the rig's own connections. */
export class SystemWatch {
  readonly sightings: Sighting[] = [];
  readonly #rig: Rig;
  #ended = false;
  #watching: Promise<void> = Promise.resolve();

  constructor(rig: Rig) {
    this.#rig = rig;
  }

  start(): void {
    this.#watching = this.#watch();
  }

  async stop(): Promise<void> {
    this.#ended = true;
    await this.#watching;
  }

  async #watch(): Promise<void> {
    while (!this.#ended) {
      this.sightings.push(await this.#look());
      await sleep(EVERY_MS);
    }
  }

  async #look(): Promise<Sighting> {
    const { db, relays } = this.#rig;
    const at = Date.now();
    const [table, ...seen] = await Promise.all([
      db.query<TableSighting>(LOOK).then(
        ({ rows }) => rows[0],
        () => undefined, // PostgreSQL is away on purpose
      ),
      ...relays.map(async ({ member: { name, pid }, url }) => {
        const health = await healthOf(url);
        return { name, pid, ready: health?.ok };
      }),
    ]);
    return { at, table, relays: seen };
  }
}
