import type pg from 'pg';
import { queryOf } from './query.ts';

// What pg's types leave out: https://github.com/brianc/node-postgres/blob/master/packages/pg/lib/query.js
declare module 'pg' {
  interface Connection {
    readonly submittedNamedStatements: Record<string, string>;
    sync(): void;
  }
  interface Query {
    readonly name: string | undefined;
    readonly text: string;
    callback: Callback;
    queryMode: 'extended' | undefined;
    handleRowDescription(message: unknown): void;
    handleDataRow(message: unknown): void;
    handleCommandComplete(message: unknown, connection: Connection): void;
    handleEmptyQuery(connection: Connection): void;
    handleReadyForQuery(connection: Connection): void;
    handleError(error: Error, connection: Connection): void;
  }
}
type Callback = (error: Error | null, result?: pg.QueryResult) => void;

/** A query and who waits for it. */
export interface BatchedQuery {
  readonly config: pg.QueryConfig;
  readonly values: unknown[];
  readonly resolve: (result: pg.QueryResult) => void;
  readonly reject: (error: Error) => void;
}

/** A query whose answer nobody waits for: if it fails, so does what comes with it. */
export const unawaited = (config: pg.QueryConfig): BatchedQuery => ({
  config,
  values: [],
  resolve: () => undefined,
  reject: () => undefined,
});

/**
 * Queries that go to the server as one message, in order, before one Sync: the first that fails is the last that is carried out, and the
 * answers come together. https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-PIPELINING
 * For `client.query(batch, callback)`: each query is told how it went itself, and the callback learns nothing more.
 */
export class QueryBatch {
  readonly #queries: readonly pg.Query[];
  #submitted = false;
  #answered = 0;
  callback: Callback | undefined;

  constructor(queries: readonly BatchedQuery[], keepsNames = true) {
    this.#queries = queries.map(({ config, values, resolve, reject }) => {
      const query = queryOf(config, values, keepsNames);
      query.queryMode = 'extended'; // also without values: a simple query would end the row of those before the Sync
      query.callback = (error, result) => (error ? reject(error) : resolve(result as pg.QueryResult));
      return query;
    });
  }

  /** Of the query whose answer comes next: by it, pg keeps which statements the server knows. */
  get name(): string | undefined {
    return this.#current?.name;
  }

  /** Until they are sent, of all: for traces, https://opentelemetry.io/docs/specs/semconv/database/database-spans/ */
  get text(): string {
    return this.#submitted ? (this.#current?.text ?? '') : this.#queries.map(({ text }) => text).join('; ');
  }

  submit(connection: pg.Connection): void {
    this.#submitted = true;
    const unsynced: pg.Connection = Object.create(connection, { sync: { value: () => undefined } });
    connection.stream.cork();
    for (const query of this.#queries) {
      const fault: unknown = query.submit(unsynced);
      if (!(fault instanceof Error)) continue;
      query.handleError(fault, connection); // such as a name that stands for another text
      break;
    }
    connection.sync();
    connection.stream.uncork();
  }

  handleRowDescription(message: unknown): void {
    this.#current?.handleRowDescription(message);
  }

  handleDataRow(message: unknown): void {
    this.#current?.handleDataRow(message);
  }

  handleCommandComplete(message: unknown, connection: pg.Connection): void {
    this.#current?.handleCommandComplete(message, connection);
    this.#answered++;
  }

  handleEmptyQuery(connection: pg.Connection): void {
    this.#current?.handleEmptyQuery(connection);
    this.#answered++;
  }

  handleReadyForQuery(connection: pg.Connection): void {
    for (const query of this.#queries.slice(0, this.#answered)) query.handleReadyForQuery(connection);
    if (this.#current) this.#rejectRest(new Error('The query was not carried out'), connection);
    this.callback?.(null);
  }

  handleError(error: Error, connection: pg.Connection): void {
    for (const query of this.#queries.slice(0, this.#answered)) query.handleReadyForQuery(connection);
    this.#rejectRest(error, connection);
    this.callback?.(error);
  }

  get #current(): pg.Query | undefined {
    return this.#queries[this.#answered];
  }

  #rejectRest(error: Error, connection: pg.Connection): void {
    for (const query of this.#queries.slice(this.#answered)) {
      // The server has skipped it, so that it does not know its name either.
      if (query.name) delete connection.submittedNamedStatements[query.name];
      query.handleError(error, connection);
    }
  }
}
