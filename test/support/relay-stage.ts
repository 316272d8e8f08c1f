import type { TestContext } from 'node:test';
import pg from 'pg';
import type { ManagedProcess } from '../../dev/managed-process.ts';
import type { LocalServiceBus } from '../../dev/service-bus/service-bus.ts';
import { type Lsn, parseLsn } from '../../relay/lsn.ts';
import { cleanup } from './cleanup.ts';
import { createDatabase } from './database.ts';
import { connect, createBus, insertEvent, slotOf } from './relay.ts';
import type { RelaySubject } from './relay-subject.ts';
import { until } from './until.ts';

/** A committed transaction of the outbox as its WAL records stand in the log. */
export interface Commit {
  /** Where its commit record begins and ends. */
  readonly lsn: Lsn;
  readonly endLsn: Lsn;
}

/** An observed status of the connection that streams the slot. */
export interface Sender {
  readonly pid: number;
  /** How far the server has sent. */
  readonly sentLsn: Lsn;
  /** Differs after each status that the relay has sent. */
  readonly reply: string | null;
}

/**
 * A relay as a process between a database and a broker of the test's own. A second slot, which nobody confirms, is the
 * witness of what was committed where.
 */
export class RelayStage {
  readonly pool: pg.Pool;
  readonly bus: LocalServiceBus;
  readonly url: string;
  readonly #t: TestContext;
  readonly #subject: RelaySubject;
  readonly #slot: string;
  readonly #witness: string;
  #relay: ManagedProcess | undefined;
  #lasts = 0;

  /** `urlOptions`: for the relay's connections. `url`: a migrated database to use instead of a new one. */
  static async open(
    t: TestContext,
    subject: RelaySubject,
    options: { urlOptions?: string; url?: string } = {},
  ): Promise<RelayStage> {
    const { url, pool } = options.url ? poolOn(t, options.url) : await createDatabase(t);
    const bus = await createBus(t);
    const stage = new RelayStage(t, subject, { url, pool, bus, urlOptions: options.urlOptions ?? '' });
    await stage.#prepare();
    await stage.start();
    return stage;
  }

  private constructor(
    t: TestContext,
    subject: RelaySubject,
    parts: { url: string; pool: pg.Pool; bus: LocalServiceBus; urlOptions: string },
  ) {
    this.#t = t;
    this.#subject = subject;
    this.pool = parts.pool;
    this.bus = parts.bus;
    this.url = parts.url + parts.urlOptions;
    this.#slot = slotOf(parts.url);
    this.#witness = `${this.#slot}_witness`;
  }

  async #prepare(): Promise<void> {
    for (const slot of this.#subject.needsSlot ? [this.#witness, this.#slot] : [this.#witness]) {
      await this.pool.query(`SELECT pg_create_logical_replication_slot($1, 'pgoutput')`, [slot]);
    }
  }

  get pid(): number {
    return this.#relay?.pid ?? 0;
  }

  /** What the relay has written. */
  get lines(): readonly string[] {
    return this.#relay?.lines ?? [];
  }

  /** Resolves when the relay streams, or waits for the slot. */
  async start(): Promise<void> {
    this.#relay = await this.startAnother(this.#subject);
  }

  /** One more relay, which is not the one that is killed. */
  async startAnother(subject: RelaySubject): Promise<ManagedProcess> {
    const target = { url: this.url, slot: this.#slot, serviceBus: this.bus.connectionString };
    const relay = await subject.start(target);
    cleanup(this.#t, () => relay.stop('SIGKILL'));
    return relay;
  }

  async kill(): Promise<void> {
    await this.stop('SIGKILL');
  }

  /** Returns the exit code, or the name of the signal that ended it. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | string | undefined> {
    return this.#relay?.stop(signal);
  }

  async insert(type: string, options: { aggregateId?: string; body?: string } = {}): Promise<Commit> {
    await insertEvent(this.pool, type, options);
    return this.lastCommit();
  }

  /** A transaction that is left open, with one event of this type and size. */
  async begin(type: string, options: { aggregateId?: string; body?: string }): Promise<pg.Client> {
    const client = await connect(this.#t, this.url);
    await client.query('BEGIN');
    await insertEvent(client, type, options);
    return client;
  }

  async commits(): Promise<Commit[]> {
    const { rows } = await this.pool.query<{ data: Buffer }>(
      `SELECT data FROM pg_logical_slot_peek_binary_changes($1, NULL, NULL, 'proto_version', '1',
         'publication_names', 'order_outbox') WHERE get_byte(data, 0) = ascii('C')`,
      [this.#witness],
    );
    return rows.map(({ data }) => ({ lsn: data.readBigUInt64BE(2), endLsn: data.readBigUInt64BE(10) }));
  }

  async lastCommit(): Promise<Commit> {
    const commit = (await this.commits()).at(-1);
    if (!commit) throw new Error('Nothing was committed');
    return commit;
  }

  async confirmedLsn(): Promise<Lsn> {
    const { rows } = await this.pool.query<{ lsn: string }>(
      'SELECT confirmed_flush_lsn AS lsn FROM pg_replication_slots WHERE slot_name = $1',
      [this.#slot],
    );
    return parseLsn(rows[0]?.lsn ?? '');
  }

  async untilConfirmed({ endLsn }: Commit): Promise<void> {
    await until(
      'the slot is confirmed so far',
      async () => (await this.confirmedLsn()) >= endLsn,
      DEADLINE_MS,
    );
  }

  /** Undefined while nobody streams the slot. */
  async sender(): Promise<Sender | undefined> {
    const { rows } = await this.pool.query<{ pid: number; sent: string; reply: string | null }>(
      `SELECT pid, coalesce(sent_lsn, '0/0') AS sent, reply_time::text AS reply FROM pg_stat_replication
       JOIN pg_replication_slots ON active_pid = pid WHERE slot_name = $1`,
      [this.#slot],
    );
    return rows[0] && { pid: rows[0].pid, sentLsn: parseLsn(rows[0].sent), reply: rows[0].reply };
  }

  /** How many connections stream or could stream from this database. */
  async senders(): Promise<number> {
    const { rows } = await this.pool.query<{ count: number }>(
      `SELECT count(*)::int FROM pg_stat_activity WHERE backend_type = 'walsender' AND datname = current_database()`,
    );
    return rows[0]?.count ?? 0;
  }

  /** Waits until the relay has told the server where it stands, since then or after what may move it to do so. */
  async untilHeardFrom(cause: () => Promise<unknown> = async () => undefined): Promise<void> {
    const before = await this.sender();
    await cause();
    const told = async () => {
      const now = await this.sender();
      return now !== undefined && now.reply !== before?.reply;
    };
    await until('the relay tells where it stands', told, DEADLINE_MS);
  }

  /** Ends the connection on the server's side and waits until the relay has another one. */
  async breakConnection(meanwhile: () => void): Promise<void> {
    const before = await this.sender();
    await this.pool.query('SELECT pg_terminate_backend($1)', [before?.pid]);
    meanwhile();
    await until('the relay has reconnected', async () => {
      const now = await this.sender();
      return now !== undefined && now.pid !== before?.pid;
    });
  }

  /** Lets one event more go through, of order o1, and returns what was committed but has not arrived when that is confirmed. */
  async missing(): Promise<string[]> {
    const name = `Last ${++this.#lasts}`;
    const last = await this.insert(name, { aggregateId: 'o1' });
    await this.untilArrived(name);
    await this.untilConfirmed(last);
    const { rows } = await this.pool.query<{ id: string; type: string }>(
      'SELECT message_id::text AS id, message_type AS type FROM outbox ORDER BY position',
    );
    const ids = new Set(this.bus.journal.entries().map(({ messageId }) => messageId));
    return rows.filter(({ id }) => !ids.has(id)).map(({ type }) => type);
  }

  async untilArrived(type: string): Promise<void> {
    await until(`${type} has arrived`, () => this.arrived().includes(type));
  }

  /** The types of the messages that the broker has taken, each at its first arrival. */
  arrived(): string[] {
    const first = new Map(this.bus.journal.entries().map(({ messageId, subject }) => [messageId, subject]));
    return [...first.values()].map(String);
  }
}

// The library's own timer needs ten seconds.
const DEADLINE_MS = 30_000;

function poolOn(t: TestContext, url: string): { url: string; pool: pg.Pool } {
  const pool = new pg.Pool({ connectionString: url });
  pool.on('error', () => undefined); // the server is stopped under it on purpose
  cleanup(t, () => pool.end());
  return { url, pool };
}
