import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AppError } from '../../../src/core/errors.ts';
import { createLogger, describeBriefly } from '../../../src/core/log.ts';
import { terminalLog } from '../../../src/core/terminal-log.ts';

const withCode = (message: string, code: string, cause?: unknown) =>
  Object.assign(new Error(message, { cause }), { code });
/** As it looks when a package has thrown it. */
const ofPackage = (error: Error) =>
  Object.assign(error, {
    stack: `Error: ${error.message}\n    at Client.end (/app/node_modules/pg/lib/client.js:1:1)`,
  });

test('what failed outside is told by type, message and code alone', () => {
  const refused = withCode('connect ECONNREFUSED 127.0.0.1:5432', 'ECONNREFUSED');

  for (const [error, told] of [
    [refused, { type: 'Error', message: refused.message, code: 'ECONNREFUSED' }],
    [
      new AppError('DATABASE_UNAVAILABLE', 'no answer', { cause: refused }),
      {
        type: 'AppError',
        message: 'no answer',
        code: 'DATABASE_UNAVAILABLE',
        cause: { type: 'Error', message: refused.message, code: 'ECONNREFUSED' },
      },
    ],
    [ofPackage(new Error('timeout expired')), { type: 'Error', message: 'timeout expired' }],
    [
      new TypeError('fetch failed', { cause: refused }),
      {
        type: 'TypeError',
        message: 'fetch failed',
        cause: { type: 'Error', message: refused.message, code: 'ECONNREFUSED' },
      },
    ],
    ['words', { type: 'string', message: 'words' }],
  ] as const) {
    assert.deepEqual(describeBriefly(error), told);
  }
});

test('a connection that fails at each address of a name says so of each', () => {
  const { message, errors } = describeBriefly(
    new AggregateError([
      withCode('connect ECONNREFUSED ::1:5432', 'ECONNREFUSED'),
      withCode('connect ECONNREFUSED 127.0.0.1:5432', 'ECONNREFUSED'),
    ]),
  );

  assert.equal(message, 'connect ECONNREFUSED ::1:5432; connect ECONNREFUSED 127.0.0.1:5432');
  assert.equal(errors?.length, 2);
});

test('a cause that says the same is left out', () => {
  const cause = withCode('The entity is full', 'QuotaExceeded');

  const { cause: told } = describeBriefly(withCode('The entity is full', 'QuotaExceeded', cause));

  assert.equal(told, undefined);
});

test('a bug is told with its stack', () => {
  for (const bug of [new Error('this cannot be'), new TypeError('x is not a function')]) {
    assert.match(describeBriefly(bug).stack ?? '', /^ {4}at .*log\.test\.ts/);
  }
});

test('at debug every error is told with its stack', () => {
  const lines: string[] = [];
  const err = withCode('away', 'ECONNREFUSED');
  for (const level of ['info', 'debug']) {
    const log = createLogger({
      level,
      service: 'test',
      destination: { write: (line) => void lines.push(line) },
    });
    log.warn({ err }, 'Away');
  }

  const [brief, whole] = lines.map((line) => JSON.parse(line).err);
  assert.deepEqual(brief, { type: 'Error', message: 'away', code: 'ECONNREFUSED' });
  assert.match(whole.stack, /log\.test\.ts/);
});

test('a terminal gets lines for people, and anything else gets JSON', () => {
  const shown: string[] = [];
  const stdout = (isTTY: boolean) =>
    ({
      isTTY,
      hasColors: () => false,
      write: (text: string) => shown.push(text) > 0,
    }) as unknown as NodeJS.WriteStream & {
      fd: 1;
    };
  const destination = terminalLog(stdout(true));
  assert.ok(destination);

  createLogger({ level: 'info', service: 'test', destination }).info({ orderId: 'a' }, 'Order a is created');

  assert.match(shown.join(''), /^\[\d\d:\d\d:\d\d\.\d{3}\] INFO: Order a is created \{"orderId":"a"\}\n$/);
  assert.equal(terminalLog(stdout(false)), undefined);
});
