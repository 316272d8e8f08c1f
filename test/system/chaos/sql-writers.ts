import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { SeededRandom } from '../../relay/session/simulation/seeded-random.ts';

export interface SqlWritersOptions {
  readonly url: string;
  readonly seed: number;
  /** Rounds a second; in each, every writer has one transaction. */
  readonly rate: number;
}

const WRITERS = 6;
const AGGREGATES_EACH = 2;

/**
 * Publishes with plain SQL what the api never would: transactions of many rows, several events of one aggregate in one,
 * savepoints and whole transactions that are rolled back, transactions that stay open while others commit, COMMITs side by
 * side in the log, rows of no aggregate, and bodies that are not the same after a JSON.parse.
 * An aggregate has one writer, as the promise about its order asks.
 */
export class SqlWriters {
  readonly #options: SqlWritersOptions;
  readonly #random: SeededRandom;
  readonly #writers: pg.Client[] = [];
  readonly #open = new Set<pg.Client>();
  #serial = 0;
  #working: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(options: SqlWritersOptions) {
    this.#options = options;
    this.#random = new SeededRandom(options.seed);
  }

  start(): void {
    this.#working = this.#work();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#working;
    await this.#disconnect();
  }

  async #work(): Promise<void> {
    while (!this.#stopped) {
      await sleep(1_000 / this.#options.rate);
      // PostgreSQL is killed on purpose, and what was open is rolled back with it.
      await this.#round().catch(() => this.#disconnect());
    }
  }

  async #round(): Promise<void> {
    await this.#connect();
    const random = this.#random;
    await Promise.all(this.#writers.map((writer, n) => this.#write(writer, n)));
    const ending = this.#writers.filter(() => random.chance(0.9));
    await Promise.all(
      ending.map(async (writer) => {
        await writer.query(random.chance(0.2) ? 'ROLLBACK' : 'COMMIT');
        this.#open.delete(writer);
      }),
    );
  }

  async #write(writer: pg.Client, n: number): Promise<void> {
    const random = this.#random;
    if (!this.#open.has(writer)) await writer.query('BEGIN');
    this.#open.add(writer);
    for (let statements = 1 + random.below(2); statements > 0; statements--) await this.#insert(writer, n);
    if (!random.chance(0.3)) return;
    await writer.query('SAVEPOINT before');
    await this.#insert(writer, n);
    await writer.query(random.chance(0.5) ? 'ROLLBACK TO before' : 'RELEASE before');
  }

  async #insert(writer: pg.Client, n: number): Promise<void> {
    const random = this.#random;
    const rows = Array.from({ length: 1 + random.below(3) }, () => [
      randomUUID(),
      'Noted',
      noteBody(++this.#serial, random),
      random.chance(0.2) ? null : `note-${n}-${random.below(AGGREGATES_EACH)}`,
    ]);
    const values = rows.map((_, at) => `($${4 * at + 1}, $${4 * at + 2}, $${4 * at + 3}, $${4 * at + 4})`);
    await writer.query(
      `INSERT INTO outbox (message_id, message_type, message_body, aggregate_id) VALUES ${values.join()}`,
      rows.flat(),
    );
  }

  async #connect(): Promise<void> {
    while (this.#writers.length < WRITERS) {
      const writer = new pg.Client({
        connectionString: this.#options.url,
        application_name: 'chaos-writer',
        connectionTimeoutMillis: 5_000,
      });
      writer.on('error', () => undefined); // the query that needs it fails
      await writer.connect();
      this.#writers.push(writer);
    }
  }

  async #disconnect(): Promise<void> {
    this.#open.clear();
    await Promise.all(this.#writers.splice(0).map((writer) => writer.end().catch(() => undefined))); // gone already
  }
}

function noteBody(serial: number, random: SeededRandom): string {
  const padding = random.chance(0.02) ? 'x'.repeat(50_000) : '';
  return `{"n": ${serial}, "big": 12345678901234567890, "price": 1.10, "text": "it's \\"ü\\u2028☃\\\\ \\n", "padding": "${padding}"}`;
}
