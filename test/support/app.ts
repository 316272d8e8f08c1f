import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import type { FastifyInstance, InjectOptions, LightMyRequestResponse } from 'fastify';
import type pg from 'pg';
import { limitsOf } from '../../src/admission/limits.ts';
import { type AppDeps, buildApp } from '../../src/app.ts';
import { createLogger } from '../../src/core/log.ts';
import { openPool, type PoolOptions } from '../../src/core/pool.ts';
import { learnBackend } from '../../src/db/backend.ts';
import { createDatabase, type TestDatabase } from './database.ts';

export interface TestApp {
  readonly app: FastifyInstance;
  readonly database: TestDatabase;
  /** The test's own connections to the app's database. */
  readonly db: pg.Pool;
  /** What the app has logged, parsed. */
  readonly logs: LogLine[];
  /** Sends a request; the answer must be one that /openapi.json documents. */
  readonly request: (options: InjectOptions) => Promise<LightMyRequestResponse>;
  /** Posts an order: an object is sent as JSON, a text as it is. */
  readonly post: (
    body: string | Buffer | object,
    headers?: Record<string, string | string[]>,
  ) => Promise<LightMyRequestResponse>;
  /** Asks to cancel an order. */
  readonly cancel: (
    orderId: string,
    body?: object,
    headers?: Record<string, string>,
  ) => Promise<LightMyRequestResponse>;
  /** How many rows orders, order_items and outbox have. */
  readonly rowCounts: () => Promise<[number, number, number]>;
}

export type LogLine = Record<string, unknown>;

export interface TestAppOptions extends Partial<Omit<AppDeps, 'pool' | 'log'>> {
  /** Another way to the database than straight. */
  readonly url?: (direct: string) => string;
  readonly poolOptions?: Partial<PoolOptions>;
  /** Another app's, instead of one of its own. */
  readonly database?: TestDatabase;
}

/** The app as production builds it, on a database of the test's own. */
export async function openApp(t: TestContext, options: TestAppOptions = {}): Promise<TestApp> {
  const database = options.database ?? (await createDatabase(t));
  const logs: LogLine[] = [];
  const log = createLogger({
    level: 'debug',
    service: 'test',
    destination: { write: (line: string) => logs.push(JSON.parse(line)) },
  });
  const url = options.url?.(database.url) ?? database.url;
  // On a busy machine fifty requests wait longer for one of four connections than people would.
  const patience = { connectTimeoutMs: 20_000 };
  const pool = openPool({
    url,
    max: 4,
    applicationName: 'api',
    log,
    pooler: 'found',
    onConnect: learnBackend,
    ...patience,
    ...options.poolOptions,
  });
  // The same for what waits for its turn; a test of a crowd has limits of its own.
  const limits = limitsOf(pool.options.max, {
    maxInFlight: 1_000,
    waitMs: pool.options.connectionTimeoutMillis,
  });
  const app = await buildApp({ docs: true, limits, ...options, pool, log });
  t.after(async () => {
    await app.close();
    await pool.end();
  });
  await app.ready();

  const request = async (inject: InjectOptions) => {
    const response = await app.inject(inject);
    if (options.docs !== false) assertDocumented(app, inject, response);
    return response;
  };
  return {
    app,
    database,
    db: database.pool,
    logs,
    request,
    post: (body, headers = {}) =>
      request({
        method: 'POST',
        url: '/api/orders',
        headers: { 'content-type': 'application/json', ...headers },
        payload: typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body),
      }),
    cancel: (orderId, body = { reason: 'Ordered twice' }, headers = {}) =>
      request({
        method: 'POST',
        url: `/api/orders/${orderId}/cancel`,
        headers: { 'content-type': 'application/json', ...headers },
        payload: JSON.stringify(body),
      }),
    async rowCounts() {
      const { rows } = await database.pool.query(
        `SELECT (SELECT count(*)::int FROM orders) o, (SELECT count(*)::int FROM order_items) i,
                (SELECT count(*)::int FROM outbox) e`,
      );
      return [rows[0].o, rows[0].i, rows[0].e];
    },
  };
}

type Document = Record<string, Record<string, Record<string, unknown>>>;
const validators = new WeakMap<FastifyInstance, Ajv2020>();

/** Fails unless /openapi.json documents this status, this media type and a schema that the body keeps to. */
function assertDocumented(
  app: FastifyInstance,
  request: InjectOptions,
  response: LightMyRequestResponse,
): void {
  const path = (request.url as string)
    .replace(/\?.*$/, '')
    .replace(/^\/api\/orders\/[^/]*(?=$|\/cancel$|\/events$)/, '/api/orders/{orderId}');
  const method = (request.method ?? 'GET').toLowerCase();
  const document = app.swagger() as unknown as Document;
  if (!document['paths']?.[path]?.[method]) return; // a route that is not there documents nothing
  let ajv = validators.get(app);
  if (!ajv) {
    ajv = new Ajv2020({ strict: false, validateFormats: false });
    ajv.addSchema({ $id: 'openapi', ...document });
    validators.set(app, ajv);
  }
  if (response.statusCode === 304) {
    assertDocumentedEmpty(document, path, method, response);
    return;
  }
  const media = String(response.headers['content-type']).split(';')[0] ?? '';
  const step = (name: string) => encodeURIComponent(name.replaceAll('~', '~0').replaceAll('/', '~1'));
  const pointer = [
    'paths',
    path,
    method,
    'responses',
    String(response.statusCode),
    'content',
    media,
    'schema',
  ];
  const $ref = `openapi#/${pointer.map(step).join('/')}`;
  const validate: ValidateFunction = ajv.getSchema($ref) ?? ajv.compile({ $ref });
  const body = media.endsWith('json') ? response.json() : response.body;
  assert.ok(validate(body), `${$ref}: ${ajv.errorsText(validate.errors)}\n${response.body}`);
}

function assertDocumentedEmpty(
  document: Document,
  path: string,
  method: string,
  { statusCode, body }: LightMyRequestResponse,
): void {
  const operation = document['paths']?.[path]?.[method] as { responses?: Record<number, object> } | undefined;
  assert.ok(operation?.responses?.[statusCode], `${method} ${path} documents ${statusCode}`);
  assert.equal(body, '');
}
