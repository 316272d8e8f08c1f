import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { freePort } from '../../dev/free-port.ts';
import type { ManagedProcess } from '../../dev/managed-process.ts';
import { tutorialOrder } from '../support/orders.ts';
import { createStack, type TestStack } from '../support/stack.ts';

// Generated histories of requests against the real api process and PostgreSQL, held against a model of what an order
// service does. FC_SEED and FC_PATH, which a failure prints, replay one.

const REQUESTS = 10_000;
const WORLDS = 3;
const COMMANDS_IN_A_RUN = 60;

interface ModelOrder {
  readonly orderId: string;
  readonly totalAmount: number;
  status: 'Pending' | 'Cancelled';
  version: number;
}

interface Model {
  /** In the order in which they were created. */
  readonly orders: ModelOrder[];
  /** What was sent with each key, and the order it made. */
  readonly keys: Map<string, { quantity: number; orderId: string }>;
}

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Record<string, unknown>;
}

/** The system under test, as one customer sees it. */
class Customer {
  readonly id = `cust-${randomUUID()}`;
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  create(quantity: number, key?: string): Promise<Answer> {
    const items = [{ productId: 'prod-1', quantity, unitPrice: 19.99 }];
    return this.#world.request('POST', '/api/orders', {
      body: { ...tutorialOrder(), customerId: this.id, items },
      headers: key === undefined ? {} : { 'idempotency-key': key },
    });
  }

  cancel(orderId: string, headers: Record<string, string>): Promise<Answer> {
    return this.#world.request('POST', `/api/orders/${orderId}/cancel`, {
      body: { reason: 'model' },
      headers,
    });
  }

  read(orderId: string, headers: Record<string, string> = {}): Promise<Answer> {
    return this.#world.request('GET', `/api/orders/${orderId}`, { headers });
  }

  list(limit: number, cursor?: string): Promise<Answer> {
    const query = new URLSearchParams({
      customerId: this.id,
      limit: String(limit),
      ...(cursor && { cursor }),
    });
    return this.#world.request('GET', `/api/orders?${query.toString()}`);
  }

  killApi(): Promise<void> {
    return this.#world.killApi();
  }
}

/** An api process that may be killed, on a database that it shares with others. */
class World {
  readonly #url: string;
  readonly #start: () => ManagedProcess;
  #api: ManagedProcess;
  requests = 0;

  static async open(stack: TestStack): Promise<World> {
    const port = await freePort();
    const start = () => stack.startApi({ PORT: String(port) });
    const world = new World(`http://127.0.0.1:${port}`, start);
    await world.ready();
    return world;
  }

  private constructor(url: string, start: () => ManagedProcess) {
    this.#url = url;
    this.#start = start;
    this.#api = start();
  }

  ready(): Promise<void> {
    return this.#api.ready(`${this.#url}/health/ready`);
  }

  async request(
    method: string,
    path: string,
    options: { body?: unknown; headers?: Record<string, string> } = {},
  ): Promise<Answer> {
    this.requests++;
    const response = await fetch(`${this.#url}${path}`, {
      method,
      headers: {
        ...(options.body !== undefined && { 'content-type': 'application/json' }),
        ...options.headers,
      },
      ...(options.body !== undefined && { body: JSON.stringify(options.body) }),
    });
    const text = await response.text();
    assert.ok(response.status < 500, `${method} ${path}: ${response.status} ${text}`);
    return {
      status: response.status,
      headers: response.headers,
      body: text === '' ? {} : (JSON.parse(text) as Record<string, unknown>),
    };
  }

  async killApi(): Promise<void> {
    await this.#api.stop('SIGKILL');
    this.#api = this.#start();
    await this.ready();
  }
}

type Command = fc.AsyncCommand<Model, Customer>;

class Create implements Command {
  readonly quantity: number;
  readonly key: string | undefined;

  constructor(quantity: number, key: string | undefined) {
    this.quantity = quantity;
    this.key = key;
  }

  check = (model: Model) => this.key === undefined || !model.keys.has(this.key);

  async run(model: Model, customer: Customer): Promise<void> {
    const answer = await customer.create(this.quantity, this.key && `${customer.id}-${this.key}`);
    assert.equal(answer.status, 201);
    assert.equal(answer.headers.get('idempotency-replayed'), null);
    remember(model, this.quantity, this.key, answer);
  }

  toString = () => `create(${this.quantity}, ${this.key})`;
}

/** The api is killed while it works on a request, which is then sent again with its key. */
class CreateThroughKill implements Command {
  readonly quantity: number;
  readonly key: string;

  constructor(quantity: number, key: string) {
    this.quantity = quantity;
    this.key = key;
  }

  check = (model: Model) => !model.keys.has(this.key);

  async run(model: Model, customer: Customer): Promise<void> {
    const key = `${customer.id}-${this.key}`;
    const first = customer.create(this.quantity, key).catch(() => undefined);
    await customer.killApi();
    const answered = await first;
    const answer = await customer.create(this.quantity, key);
    assert.equal(answer.status, 201);
    if (answered) assert.deepEqual(answer.body, answered.body);
    remember(model, this.quantity, this.key, answer);
  }

  toString = () => `createThroughKill(${this.quantity}, ${this.key})`;
}

class Retry implements Command {
  readonly key: string;
  readonly changed: boolean;

  constructor(key: string, changed: boolean) {
    this.key = key;
    this.changed = changed;
  }

  check = (model: Model) => model.keys.has(this.key);

  async run(model: Model, customer: Customer): Promise<void> {
    const sent = model.keys.get(this.key);
    assert.ok(sent);
    const quantity = this.changed ? sent.quantity + 1 : sent.quantity;
    const answer = await customer.create(quantity, `${customer.id}-${this.key}`);
    if (this.changed) {
      assert.equal(answer.status, 422);
      return;
    }
    assert.equal(answer.status, 201);
    assert.equal(answer.headers.get('idempotency-replayed'), 'true');
    assert.equal(answer.headers.get('location'), `/api/orders/${sent.orderId}`);
    assert.equal(answer.body['orderId'], sent.orderId);
  }

  toString = () => `retry(${this.key}, ${this.changed ? 'another body' : 'the same'})`;
}

class Cancel implements Command {
  readonly pick: number;
  readonly ifMatch: 'none' | 'current' | 'stale';

  constructor(pick: number, ifMatch: 'none' | 'current' | 'stale') {
    this.pick = pick;
    this.ifMatch = ifMatch;
  }

  check = (model: Model) => model.orders.length > 0;

  async run(model: Model, customer: Customer): Promise<void> {
    const order = pickOrder(model, this.pick);
    const version = { none: undefined, current: order.version, stale: order.version + 1 }[this.ifMatch];
    const answer = await customer.cancel(
      order.orderId,
      version === undefined ? {} : { 'if-match': `"${version}"` },
    );
    if (this.ifMatch === 'stale') {
      assert.equal(answer.status, 412);
      return;
    }
    if (order.status === 'Pending') order.version++;
    order.status = 'Cancelled';
    assert.equal(answer.status, 200);
    assertShown(answer, order);
  }

  toString = () => `cancel(${this.pick}, If-Match ${this.ifMatch})`;
}

class Read implements Command {
  readonly pick: number;

  constructor(pick: number) {
    this.pick = pick;
  }

  check = (model: Model) => model.orders.length > 0;

  async run(model: Model, customer: Customer): Promise<void> {
    const order = pickOrder(model, this.pick);
    const answer = await customer.read(order.orderId);
    assert.equal(answer.status, 200);
    assertShown(answer, order);
    const again = await customer.read(order.orderId, { 'if-none-match': `"${order.version}"` });
    assert.equal(again.status, 304);
  }

  toString = () => `read(${this.pick})`;
}

class List implements Command {
  readonly limit: number;

  constructor(limit: number) {
    this.limit = limit;
  }

  check = () => true;

  async run(model: Model, customer: Customer): Promise<void> {
    const listed: Record<string, unknown>[] = [];
    for (let cursor: string | undefined, more = true; more; ) {
      const { status, body } = await customer.list(this.limit, cursor);
      assert.equal(status, 200);
      const page = body['items'] as Record<string, unknown>[];
      assert.ok(page.length <= this.limit);
      listed.push(...page);
      cursor = body['next'] as string | undefined;
      more = cursor !== undefined;
    }
    const expected = model.orders.toReversed().map(({ orderId, status }) => ({ orderId, status }));
    assert.deepEqual(
      listed.map(({ orderId, status }) => ({ orderId, status })).toSorted(byId),
      expected.toSorted(byId),
    );
  }

  toString = () => `list(${this.limit})`;
}

class Restart implements Command {
  check = () => true;
  run = (_model: Model, customer: Customer) => customer.killApi();
  toString = () => 'restart';
}

const byId = (a: { orderId: unknown }, b: { orderId: unknown }) =>
  String(a.orderId) < String(b.orderId) ? -1 : 1;

function pickOrder({ orders }: Model, pick: number): ModelOrder {
  const order = orders[pick % orders.length];
  assert.ok(order);
  return order;
}

function remember(model: Model, quantity: number, key: string | undefined, { body }: Answer): void {
  const orderId = String(body['orderId']);
  const totalAmount = Math.round(quantity * 1999) / 100;
  assert.equal(body['totalAmount'], totalAmount);
  model.orders.push({ orderId, totalAmount, status: 'Pending', version: 1 });
  if (key !== undefined) model.keys.set(key, { quantity, orderId });
}

function assertShown({ headers, body }: Answer, order: ModelOrder): void {
  assert.equal(body['orderId'], order.orderId);
  assert.equal(body['totalAmount'], order.totalAmount);
  assert.equal(body['status'], order.status);
  assert.equal(headers.get('etag'), `"${order.version}"`);
}

const quantities = fc.integer({ min: 1, max: 1_000 });
const keys = fc.integer({ min: 1, max: 12 }).map((n) => `key-${n}`);
const picks = fc.nat(1_000);
const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 120,
    arbitrary: fc.tuple(quantities, fc.option(keys, { nil: undefined })).map((args) => new Create(...args)),
  },
  { weight: 90, arbitrary: fc.tuple(keys, fc.boolean()).map((args) => new Retry(...args)) },
  {
    weight: 120,
    arbitrary: fc
      .tuple(picks, fc.constantFrom('none' as const, 'current' as const, 'stale' as const))
      .map((args) => new Cancel(...args)),
  },
  { weight: 90, arbitrary: picks.map((pick) => new Read(pick)) },
  { weight: 30, arbitrary: fc.integer({ min: 1, max: 100 }).map((limit) => new List(limit)) },
  { weight: 1, arbitrary: fc.tuple(quantities, keys).map((args) => new CreateThroughKill(...args)) },
  { weight: 1, arbitrary: fc.constant(new Restart()) },
);

test('the api does what a model of it does, through generated histories with kills', async (t) => {
  const stack = await createStack(t);
  const seed = Number(process.env['FC_SEED'] ?? Date.now() % 2 ** 31);
  const path = process.env['FC_PATH'];
  // One history waits for one answer at a time: several of them, in worlds of their own, take less than their sum.
  const worlds = await Promise.all(
    Array.from({ length: path === undefined ? WORLDS : 1 }, () => World.open(stack)),
  );
  const requests = () => worlds.reduce((sum, world) => sum + world.requests, 0);

  let run = 0;
  const runHistories = async (world: World) => {
    const history = historyIn(world, stack);
    do {
      await fc.assert(history, { seed: seed + run++, numRuns: 20, ...(path !== undefined && { path }) });
    } while (requests() < REQUESTS && path === undefined);
  };
  await Promise.all(worlds.map(runHistories));

  t.diagnostic(`${requests()} requests, first seed ${seed}`);
});

function historyIn(world: World, stack: TestStack) {
  return fc.asyncProperty(
    fc.commands([command], { maxCommands: COMMANDS_IN_A_RUN, size: 'max' }),
    async (commands) => {
      const model: Model = { orders: [], keys: new Map() };
      const customer = new Customer(world);
      await fc.asyncModelRun(() => ({ model, real: customer }), commands);
      await assertStored(stack, customer.id, model);
    },
  );
}

async function assertStored({ db }: TestStack, customerId: string, model: Model): Promise<void> {
  const { rows } = await db.query<ModelOrder & { events: string[] }>(
    `SELECT order_id AS "orderId", total_amount::float8 AS "totalAmount", status, version,
       (SELECT array_agg(message_type ORDER BY position) FROM outbox WHERE aggregate_id = order_id) AS events
     FROM orders WHERE customer_id = $1`,
    [customerId],
  );
  const expected = model.orders.map((order) => ({
    ...order,
    events: order.status === 'Cancelled' ? ['OrderCreated', 'OrderCancelled'] : ['OrderCreated'],
  }));
  assert.deepEqual(rows.toSorted(byId), expected.toSorted(byId));
}
