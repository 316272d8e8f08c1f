import pg from 'pg';

// What pg's types leave out: https://github.com/brianc/node-postgres/blob/master/packages/pg/lib/query.js
declare module 'pg' {
  interface Connection {
    bind(options: { statement: string }): void;
    execute(options: object): void;
  }
  interface Query {
    prepare(connection: Connection): void;
  }
  interface QueryConfig {
    queryMode?: 'extended';
  }
}

const BEGIN = { name: 'begin', text: 'begin' };

/**
 * A connection as Drizzle sees it in transactions. BEGIN goes along with the first statement of one, which saves a turn between
 * the processes (docs/decisions/transaction.md). One Sync ends both, so that a server that cannot begin skips the statement:
 * https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-PIPELINING
 */
export class TransactionClient {
  readonly #client: pg.PoolClient;
  #isBeginPrepared = false;
  #begun = true;

  constructor(client: pg.PoolClient) {
    this.#client = client;
  }

  /** The next query is the first of a transaction. */
  begin(): void {
    this.#begun = false;
  }

  async query(config: string | pg.QueryConfig, values: unknown[] = []): Promise<pg.QueryResult> {
    if (this.#begun) return this.#client.query(config, values);
    this.#begun = true;
    if (this.#isBeginPrepared) return this.#beginWith(config, values);
    await this.#client.query(BEGIN);
    this.#isBeginPrepared = true;
    return this.#client.query(config, values);
  }

  #beginWith(config: string | pg.QueryConfig, values: unknown[]): Promise<pg.QueryResult> {
    const query = new BeginningQuery({
      ...(typeof config === 'string' ? { text: config } : config),
      values,
      queryMode: 'extended', // a simple query would not be skipped but wait for a Sync that never comes
    });
    const { promise, resolve, reject } = Promise.withResolvers<pg.QueryResult>();
    const callback = (error: Error | null, results?: [begin: pg.QueryResult, query: pg.QueryResult]) =>
      results ? resolve(results[1]) : reject(error);
    // As an argument, so that the tracing of pg sees it, which the types do not know for queries that are objects.
    void this.#client.query(query as never, callback as never);
    return promise;
  }
}

/** A query with the prepared BEGIN before it. Its results are two. */
class BeginningQuery extends pg.Query {
  override prepare(connection: pg.Connection): void {
    connection.bind({ statement: BEGIN.name });
    connection.execute({});
    super.prepare(connection);
  }
}
