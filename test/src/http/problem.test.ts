import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DrizzleQueryError } from 'drizzle-orm';
import { ApiError, type ApiErrorCode } from '../../../src/api-error.ts';
import { toProblem } from '../../../src/http/problem.ts';

const ID = '0193c0ff-ee00-7abc-8def-0123456789ab';

test('an error becomes the status and the type of its code', () => {
  const database = Object.assign(new Error('down'), { code: '57P03' });
  const cases: [error: unknown, status: number, type: string][] = [
    ...(
      [
        ['CONTEXT_INVALID', 400],
        ['REQUEST_INVALID', 400],
        ['ORDER_INVALID', 400],
        ['IDEMPOTENCY_KEY_IN_USE', 409],
        ['IDEMPOTENCY_KEY_REUSED', 422],
        ['ORDER_NOT_FOUND', 404],
        ['ORDER_NOT_CANCELLABLE', 409],
        ['ORDER_VERSION_MISMATCH', 412],
        ['ROUTE_NOT_FOUND', 404],
        ['METHOD_NOT_ALLOWED', 405],
        ['NOT_ACCEPTABLE', 406],
        ['DATABASE_UNAVAILABLE', 503],
        ['COMMIT_UNCERTAIN', 503],
        ['SCHEMA_BEHIND', 500],
      ] as [ApiErrorCode, number][]
    ).map(([code, status]): [unknown, number, string] => [
      new ApiError(code, 'message'),
      status,
      `urn:order-service:problem:${code.toLowerCase().replaceAll('_', '-')}`,
    ]),
    [new DrizzleQueryError('SELECT', [], database), 503, 'urn:order-service:problem:database-unavailable'],
    [Object.assign(new Error('too large'), { statusCode: 413 }), 413, 'about:blank'],
    [Object.assign(new Error('not yours'), { statusCode: 200 }), 500, 'about:blank'],
    [new TypeError('a secret'), 500, 'about:blank'],
    ['not even an error', 500, 'about:blank'],
  ];

  for (const [error, status, type] of cases) {
    const problem = toProblem(error, ID);
    assert.deepEqual([problem.status, problem.type], [status, type]);
    assert.equal(problem.error, problem.detail);
    assert.equal(problem.instance, `urn:uuid:${ID}`);
  }
});

test('what went wrong on our side is not told', () => {
  const problem = toProblem(new TypeError('password is hunter2'), ID);

  assert.doesNotMatch(JSON.stringify(problem), /hunter2/);
});
