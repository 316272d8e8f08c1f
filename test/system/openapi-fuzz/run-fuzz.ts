import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import type { TestContext } from 'node:test';
import fc from 'fast-check';
import type pg from 'pg';
import { tutorialOrder } from '../../support/orders.ts';
import { checkAnswer, type Exchange, send, type Target } from './exchange.ts';
import { type Operation, operationsOf } from './operations.ts';
import { type Attempt, attemptsAt } from './requests.ts';
import { cancelledBy, checkStored, countRows, createdBy, type OrderBody } from './stored-orders.ts';

/** At a time, and at most in one round. */
const AT_ONCE = 20;
const ROUNDS_AT_A_TIME = 25;
/** Health says what state the process is in, whatever is sent. */
const NOT_TRIED = new Set(['isReady']);

export interface FuzzOptions extends Target {
  readonly db: pg.Pool;
  readonly requests: number;
}

/**
 * Sends at least so many requests that the service's own OpenAPI document describes, and others. Each must be answered as it
 * documents; the database must hold what the answers said, and nothing else. A failure is shrunk; FUZZ_SEED repeats it.
 */
export async function runFuzz(t: TestContext, { db, requests, ...target }: FuzzOptions): Promise<void> {
  const seed = Number(process.env['FUZZ_SEED'] ?? randomInt(2 ** 31));
  t.diagnostic(`FUZZ_SEED=${seed}`);
  const response = await fetch(`${target.url}/openapi.json`);
  const operations = operationsOf((await response.json()) as object);
  const statuses = new Map<string, number>();
  const round = playRound(target, db, operations, ({ attempt, status }) => {
    const key = `${attempt.operation} ${status}`;
    statuses.set(key, (statuses.get(key) ?? 0) + 1);
  });
  const tried = [...operations.values()]
    .filter(({ id }) => !NOT_TRIED.has(id))
    .map((operation) => ('authorization' in target.headers ? withoutUserId(operation) : operation));
  const anyAttempt = fc.oneof(
    ...tried.map((operation) => ({
      weight: operation.path.startsWith('/api/') ? 5 : 1,
      arbitrary: attemptsAt(operation),
    })),
  );
  const attempts = fc.array(anyAttempt, {
    minLength: 1,
    maxLength: AT_ONCE,
    size: 'max',
  });
  const sent = () => statuses.values().reduce((sum, count) => sum + count, 0);

  for (let n = 0; sent() < requests; n++)
    await fc.assert(fc.asyncProperty(attempts, round), { seed: seed + n, numRuns: ROUNDS_AT_A_TIME });

  t.diagnostic(
    Array.from(statuses, ([key, count]) => `${key}: ${count}`)
      .sort()
      .join(', '),
  );
  for (const { id } of tried)
    assert.ok(
      [...statuses.keys()].some((key) => key.startsWith(`${id} 2`)),
      `${id} was done`,
    );
  assert.ok(statuses.has('createOrder 400') && statuses.has('listOrders 400'), 'some were refused');
}

/** A token says who asks; the header that says so otherwise is refused beside it. */
const withoutUserId = (operation: Operation): Operation => ({
  ...operation,
  parameters: operation.parameters.filter(({ name }) => name !== 'X-User-Id'),
});

/** All requests of a round: first those that make orders, at once, and then all others, about these. */
function playRound(
  target: Target,
  db: pg.Pool,
  operations: ReadonlyMap<string, Operation>,
  tell: (exchange: Exchange) => void,
) {
  const sendAll = (attempts: readonly Attempt[], orderIds: readonly string[]) =>
    Promise.all(
      attempts.map(async (attempt) => {
        const operation = operations.get(attempt.operation) as Operation;
        const exchange = await send(target, operation, attempt, orderIds);
        tell(exchange);
        checkAnswer(operation, exchange);
        return exchange;
      }),
    );

  return async (attempts: readonly Attempt[]): Promise<void> => {
    const before = await countRows(db);
    const isCreate = ({ operation }: Attempt) => operation === 'createOrder';
    const created = createdBy(await sendAll([ORDINARY, ...attempts.filter(isCreate)], []));
    const orderIds = created.map(({ orderId }) => orderId);
    const others = await sendAll(
      attempts.filter((attempt) => !isCreate(attempt)),
      orderIds,
    );
    const cancelled = cancelledBy(others);

    assert.deepEqual(await countRows(db), {
      orders: before.orders + created.length,
      created: before.created + created.length,
      cancelled: before.cancelled + cancelled.size,
    });
    await Promise.all(
      created.flatMap((order) => [
        checkStored(db, order, cancelled.has(order.orderId)),
        checkReadable(target, order),
      ]),
    );
  };
}

const ORDINARY: Attempt = {
  operation: 'createOrder',
  promised: 'taken',
  order: undefined,
  query: [],
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(tutorialOrder()),
};

/** Fails unless the order can be read as it was answered, with its history, and is in the list of its customer. */
async function checkReadable({ url, headers }: Target, order: OrderBody): Promise<void> {
  const get = async <T>(path: string) => (await (await fetch(url + path, { headers })).json()) as T;
  const { history, ...read } = await get<OrderBody & { version: number; history: unknown[] }>(
    `/api/orders/${order.orderId}`,
  );
  assert.equal(history.length, read.version);
  const { items, customerId, shippingAddress, totalAmount, createdAt } = order;
  assert.partialDeepStrictEqual(read, { items, customerId, shippingAddress, totalAmount, createdAt });
  const isThis = ({ orderId }: OrderBody) => orderId === order.orderId;
  const query = new URLSearchParams({ customerId, limit: '50' });
  for (let page: OrderPage = { items: [], next: '' }; ; query.set('cursor', page.next)) {
    page = await get<OrderPage>(`/api/orders?${query.toString()}`);
    if (page.items.some(isThis) || page.next === undefined) {
      assert.deepEqual(page.items.find(isThis), read);
      return;
    }
  }
}

interface OrderPage {
  readonly items: readonly OrderBody[];
  readonly next?: string;
}
