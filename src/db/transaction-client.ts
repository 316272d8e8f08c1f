import type pg from 'pg';
import { type PooledSession, pooledSession } from '../core/session-settings.ts';
import { type Backend, backendOf } from './backend.ts';
import { type BatchedQuery, QueryBatch, unawaited } from './query-batch.ts';

/**
 * A connection as Drizzle sees it in transactions. What is asked for at once is sent as one message, in that order, and BEGIN along
 * with what comes first: each answer that is waited for is a turn between the processes, which costs both of them more than most
 * statements do (docs/decisions/transaction.md).
 */
export class TransactionClient {
  readonly #client: pg.PoolClient;
  readonly #beginning: readonly BatchedQuery[];
  readonly #keepsNames: boolean;
  #place: Pick<Backend, 'pid' | 'begunAt'> | undefined;
  #begins = false;
  #isOpen = false;
  #waiting: BatchedQuery[] = [];

  constructor(client: pg.PoolClient) {
    const pooled = pooledSession(client);
    this.#client = client;
    this.#beginning = pooled ? this.#beginningBehind(pooled) : [BEGIN];
    this.#keepsNames = pooled?.keepsNames ?? true;
  }

  /** What is asked for next is the first of a transaction. */
  begin(): void {
    this.#place = undefined;
    this.#begins = true;
    this.#isOpen = true;
  }

  /** Who carries out the transaction, once something in it was answered; undefined if that is not known. */
  get backend(): Backend | undefined {
    return backendOf(this.#client, this.#place);
  }

  /** After everything that was asked for, even if nobody waits for that. */
  end(how: 'commit' | 'rollback'): Promise<pg.QueryResult> {
    this.#isOpen = false;
    return this.#ask(ENDS[how], []);
  }

  /** Refused outside of a transaction, where it would be committed by itself. */
  query(config: pg.QueryConfig, values: unknown[] = []): Promise<pg.QueryResult> {
    if (!this.#isOpen) return Promise.reject(transactionIsOver());
    return this.#ask(config, values);
  }

  #ask(config: pg.QueryConfig, values: unknown[]): Promise<pg.QueryResult> {
    return new Promise((resolve, reject) => {
      // Once no promise is left that could ask for more.
      if (this.#waiting.length === 0) process.nextTick(() => this.#send());
      this.#waiting.push({ config, values, resolve, reject });
    });
  }

  #send(): void {
    const queries = this.#begins ? [...this.#beginning, ...this.#waiting] : this.#waiting;
    const batch = new QueryBatch(queries, this.#keepsNames);
    this.#begins = false;
    this.#waiting = [];
    // As an argument, so that the tracing of pg sees it; the types know of no callback for queries that are objects.
    void this.#client.query(batch, (() => undefined) as never);
  }

  /** The session may be one that the pooler has set up for others: what a transaction depends on is set in each. */
  #beginningBehind({ settings }: PooledSession): BatchedQuery[] {
    const text = 'begin isolation level read committed, read write, not deferrable';
    const resolve = ({ rows }: pg.QueryResult<Pick<Backend, 'pid' | 'begunAt'>>) => {
      this.#place = rows[0];
    };
    return [unawaited({ name: 'begin', text }), { ...unawaited(settings), resolve }];
  }
}

// With a code, since a failure of the driver without one counts as an outage.
const transactionIsOver = () =>
  Object.assign(new Error('A statement was asked for after the end of its transaction'), {
    code: 'ERR_TRANSACTION_OVER',
  });

const named = (name: string): pg.QueryConfig => ({ name, text: name });
const ENDS = { commit: named('commit'), rollback: named('rollback') };

const BEGIN = unawaited(named('begin'));
