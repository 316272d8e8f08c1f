import assert from 'node:assert/strict';
import type { ValidateFunction } from 'ajv/dist/2020.js';
import type { Operation } from './operations.ts';
import { type Attempt, validatorOf } from './requests.ts';

export interface Target {
  readonly url: string;
  /** Go with every request: a token. */
  readonly headers: Readonly<Record<string, string>>;
}

export interface Exchange {
  readonly attempt: Attempt;
  readonly path: string;
  readonly status: number;
  readonly headers: Headers;
  /** Undefined if there was none. */
  readonly body: unknown;
}

/** Sends the request, about one of these orders if its path has one. */
export async function send(
  { url, headers }: Target,
  operation: Operation,
  attempt: Attempt,
  orderIds: readonly string[],
): Promise<Exchange> {
  const orderId = attempt.order === undefined ? 'f'.repeat(32) : orderIds[attempt.order % orderIds.length];
  const query = new URLSearchParams([...attempt.query]);
  const exampleOf = (name: string) => operation.parameters.find((each) => each.name === name)?.example ?? '';
  const address = operation.path.replaceAll(/\{(\w+)\}/g, (_, name: string) =>
    name === 'orderId' ? (orderId ?? '') : exampleOf(name),
  );
  const path = `${address}?${query.toString()}`;
  const response = await fetch(url + path, {
    method: operation.method,
    headers: { ...headers, ...attempt.headers },
    ...(attempt.body !== undefined && { body: attempt.body }),
  });
  const text = await response.text();
  const isJson = /[/+]json/.test(response.headers.get('content-type') ?? '');
  const body = text === '' ? undefined : isJson ? JSON.parse(text) : text;
  return { attempt, path, status: response.status, headers: response.headers, body };
}

/** What the state of an order makes of a request that is valid. */
const OF_STATE = new Set([404, 409, 412, 422]);
const validators = new WeakMap<object, ValidateFunction>();

/** Fails unless the answer is one that the document has for this operation, and is what it promises about the request. */
export function checkAnswer(operation: Operation, { attempt, status, headers, body }: Exchange): void {
  const told = `${operation.id} was answered ${status}: ${JSON.stringify(body)}`;
  assert.ok(status < 500, told);
  const documented = operation.responses[status];
  assert.ok(documented, `${told}, which is not documented`);
  const media = headers.get('content-type')?.split(';')[0] ?? '';
  if (body === undefined) assert.deepEqual(documented, {}, told);
  else {
    const schema = documented[media];
    assert.ok(schema, `${told}, as ${media}, which is not documented`);
    const validate = validators.get(schema) ?? validatorOf(schema);
    validators.set(schema, validate);
    assert.ok(validate(body), `${told}: ${JSON.stringify(validate.errors)}`);
  }
  if (attempt.promised === 'refused') assert.ok(status >= 400, `${told}, and should have been refused`);
  if (attempt.promised === 'taken')
    assert.ok(status < 400 || OF_STATE.has(status) || isTooDear(attempt, body), told);
  const correlationId = attempt.headers['X-Correlation-Id'];
  if (correlationId !== undefined && status < 400)
    assert.equal(headers.get('x-correlation-id'), correlationId, told);
  if (media === 'application/problem+json') assert.equal((body as { status: number }).status, status, told);
}

const LARGEST_CENTS = 9_999_999_999n;

/** What no schema can say: that the totals are too large. Then, and only then, the problem is this one. */
function isTooDear({ operation, body }: Attempt, answer: unknown): boolean {
  const { type } = answer as { type: string };
  if (operation !== 'createOrder' || type !== 'urn:order-service:problem:order-invalid') return false;
  const { items } = JSON.parse(body ?? '') as { items: { quantity: number; unitPrice: number }[] };
  const cents = items.map(
    ({ quantity, unitPrice }) => BigInt(quantity) * BigInt(Math.round(unitPrice * 100)),
  );
  return cents.reduce((sum, each) => sum + each, 0n) > LARGEST_CENTS;
}
