import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Answer, Customer } from './customer.ts';

/** What an order service knows of one customer. */
export interface ModelOrder {
  readonly orderId: string;
  readonly totalAmount: number;
  status: 'Pending' | 'Cancelled';
  version: number;
}

export interface Model {
  /** In the order in which they were created. */
  readonly orders: ModelOrder[];
  /** What was sent with each key, and the order it made. */
  readonly keys: Map<string, { quantity: number; orderId: string }>;
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

export const byId = (a: { orderId: unknown }, b: { orderId: unknown }) =>
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
/** One step of a history, kills being rare. */
export const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 360,
    arbitrary: fc.tuple(quantities, fc.option(keys, { nil: undefined })).map((args) => new Create(...args)),
  },
  { weight: 270, arbitrary: fc.tuple(keys, fc.boolean()).map((args) => new Retry(...args)) },
  {
    weight: 360,
    arbitrary: fc
      .tuple(picks, fc.constantFrom('none' as const, 'current' as const, 'stale' as const))
      .map((args) => new Cancel(...args)),
  },
  { weight: 270, arbitrary: picks.map((pick) => new Read(pick)) },
  { weight: 90, arbitrary: fc.integer({ min: 1, max: 100 }).map((limit) => new List(limit)) },
  { weight: 1, arbitrary: fc.tuple(quantities, keys).map((args) => new CreateThroughKill(...args)) },
  { weight: 1, arbitrary: fc.constant(new Restart()) },
);
