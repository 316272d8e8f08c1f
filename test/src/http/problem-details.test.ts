import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { STATUS_CODES } from 'node:http';
import { test } from 'node:test';
import { DrizzleQueryError } from 'drizzle-orm';
import { ApiError, type ApiErrorCode } from '../../../src/api-error.ts';
import { reactionTo, toProblem } from '../../../src/http/problem-details.ts';
import { PROBLEM_TEXTS } from '../../../src/http/problem-pages/problem-texts.ts';
import { PROBLEM_TABLE } from '../../../src/http/problem-table.ts';

/** What is told in another way than the others of its kind. */
const LOG_LEVELS: Readonly<Record<string, string>> = { OVERLOADED: 'debug', DATABASE_UNAVAILABLE: 'warn' };

const ID = '0193c0ff-ee00-7abc-8def-0123456789ab';

test('each code has the consequences and the texts that docs/problems.md has, and no other code is there', () => {
  const rows = readFileSync('docs/problems.md', 'utf8').matchAll(
    /^\| `([A-Z_]+)` \| (\d+) \| `([\w:-]+)` \| ([^|]+) \| ([^|]+) \|(?: (\d+))? \|$/gm,
  );
  const documented = [...rows].map(([, code, status, type, when, whatToDo, retryAfter]) => ({
    code,
    status: Number(status),
    type,
    when,
    whatToDo,
    retryAfterSeconds: retryAfter && Number(retryAfter),
    logLevel: LOG_LEVELS[code as string] ?? (Number(status) >= 500 ? 'error' : 'info'),
  }));

  const codes = Object.keys(PROBLEM_TABLE) as ApiErrorCode[];
  const answered = codes.map((code) => {
    const { status, logLevel, retryAfterSeconds, problem } = reactionTo(new ApiError(code, 'message'), ID);
    assert.equal(problem.status, status);
    assert.equal(problem.title, STATUS_CODES[status]);
    assert.equal(problem.detail, PROBLEM_TABLE[code].detail ?? 'message');
    return { code, status, type: problem.type, ...PROBLEM_TEXTS[code], retryAfterSeconds, logLevel };
  });

  assert.deepEqual(answered, documented);
});

test('an error without a code of ours becomes what its kind says', () => {
  const database = Object.assign(new Error('down'), { code: '57P03' });
  const cases: [error: unknown, status: number, type: string, logLevel: string][] = [
    [
      new DrizzleQueryError('SELECT', [], database),
      503,
      'urn:order-service:problem:database-unavailable',
      'warn',
    ],
    [Object.assign(new Error('too large'), { statusCode: 413 }), 413, 'about:blank', 'info'],
    [Object.assign(new Error('not yours'), { statusCode: 200 }), 500, 'about:blank', 'error'],
    [new TypeError('a secret'), 500, 'about:blank', 'error'],
    ['not even an error', 500, 'about:blank', 'error'],
  ];

  for (const [error, status, type, logLevel] of cases) {
    const { problem, ...consequence } = reactionTo(error, ID);
    assert.deepEqual([problem.status, problem.type], [status, type]);
    assert.deepEqual([consequence.status, consequence.logLevel], [status, logLevel]);
    assert.equal(consequence.retryAfterSeconds, status === 503 ? 2 : undefined);
    assert.equal(problem.error, problem.detail);
    assert.equal(problem.instance, `urn:uuid:${ID}`);
  }
});

test('what went wrong on our side is not told', () => {
  const problem = toProblem(new TypeError('password is hunter2'), ID);

  assert.doesNotMatch(JSON.stringify(problem), /hunter2/);
});
