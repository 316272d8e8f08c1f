import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { insertedColumns } from './test-decoding.ts';

/** An outbox row that was committed. */
export interface Committed {
  readonly messageId: string;
  readonly messageType: string;
  readonly aggregateId: string | undefined;
  readonly body: string;
  /** Epoch milliseconds, by the server's clock. */
  readonly committedAt: number;
}

const SLOT = 'chaos_witness';
const READ_EVERY_MS = 2_000;
const READ_COUNT = 50_000;

/**
 * Reads from a slot of its own, in text, what was committed into the outbox and in which order: the truth that the relay is
 * held to. It shares nothing with the relay but the server.
 */
export class Witness {
  /** In the order of commits, each message once. */
  readonly committed: Committed[] = [];
  readonly #url: string;
  readonly #seen = new Set<string>();
  #client: pg.Client | undefined;
  #watching = true;
  #reading: Promise<void> = Promise.resolve();

  constructor(url: string) {
    this.#url = url;
  }

  /** Whatever is committed from here on is seen. */
  async start(): Promise<void> {
    await this.#query("SELECT pg_create_logical_replication_slot($1, 'test_decoding')", [SLOT]);
    this.#reading = this.#watch();
  }

  async #watch(): Promise<void> {
    while (this.#watching) {
      await sleep(READ_EVERY_MS, undefined, { ref: false });
      await this.#read().catch(() => this.#disconnect()); // PostgreSQL is away on purpose; the slot remembers
    }
  }

  /** Reads everything that is committed by now, and ends. */
  async finish(): Promise<void> {
    this.#watching = false;
    await this.#reading;
    while ((await this.#read()) > 0);
    await this.#disconnect();
  }

  /** Peeks and only then advances: what comes twice, after a crash too, is known by its id. */
  async #read(): Promise<number> {
    const rows = await this.#query<{ lsn: string; data: string }>(
      `SELECT lsn, data FROM pg_logical_slot_peek_changes($1, NULL, $2, 'include-timestamp', 'on', 'skip-empty-xacts', 'on')
       WHERE data LIKE 'COMMIT%' OR data LIKE 'table public.outbox: INSERT:%'`,
      [SLOT, READ_COUNT],
    );
    let open: Omit<Committed, 'committedAt'>[] = [];
    for (const { data } of rows) {
      const [, timestamp] = /^COMMIT \d+ \(at (.*)\)$/.exec(data) ?? [];
      if (timestamp === undefined) open.push(toMessage(data));
      else {
        for (const message of open) this.#add({ ...message, committedAt: Date.parse(timestamp) });
        open = [];
      }
    }
    const last = rows.at(-1);
    if (last) await this.#query('SELECT pg_replication_slot_advance($1, $2)', [SLOT, last.lsn]);
    return rows.length;
  }

  #add(message: Committed): void {
    if (this.#seen.has(message.messageId)) return;
    this.#seen.add(message.messageId);
    this.committed.push(message);
  }

  async #query<R extends pg.QueryResultRow>(sql: string, values: unknown[]): Promise<R[]> {
    if (!this.#client) {
      const client = new pg.Client({ connectionString: this.#url, application_name: 'chaos-witness' });
      client.on('error', () => undefined); // the query that needs it fails
      await client.connect();
      this.#client = client;
    }
    return (await this.#client.query<R>(sql, values)).rows;
  }

  async #disconnect(): Promise<void> {
    const client = this.#client;
    this.#client = undefined;
    await client?.end().catch(() => undefined); // it may be gone already
  }
}

function toMessage(line: string): Omit<Committed, 'committedAt'> {
  const columns = insertedColumns(line, 'public.outbox') ?? new Map<string, string>();
  return {
    messageId: columns.get('message_id') ?? '',
    messageType: columns.get('message_type') ?? '',
    aggregateId: columns.get('aggregate_id'),
    body: columns.get('message_body') ?? '',
  };
}
