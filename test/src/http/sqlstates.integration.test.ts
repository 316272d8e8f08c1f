import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DrizzleQueryError } from 'drizzle-orm';
import type { LightMyRequestResponse } from 'fastify';
import { UNAVAILABLE } from '../../../src/db/database-failure.ts';
import { toProblem } from '../../../src/http/problem-details.ts';
import { openApp, type TestApp } from '../../support/app.ts';
import { tutorialOrder } from '../../support/orders.ts';

// Every class of errors that PostgreSQL has: https://www.postgresql.org/docs/current/errcodes-appendix.html
const again =
  `08000 08001 08003 08004 08006 08P01 25006 25P03 25P04 40001 40P01 53000 53100 53200 53300 53400 55P03
  57014 57P01 57P02 57P03 57P04 57P05 58030`.split(/\s+/);
const ours =
  `02000 03000 0A000 0B000 21000 22001 22003 22021 22P02 22P05 23502 23503 23505 23514 25000 25P02 26000 2BP01
  34000 3D000 3F000 40000 40003 42501 42601 42703 42P01 54000 55000 55006 58000 58P01 72000 F0000 HV000 P0001 XX000
  XX001`.split(/\s+/);

test('every row of the table, and every other class, has its status, and tells neither texts nor parameters', async (t) => {
  const app = await openApp(t);
  await raiseOnOrders(app, 'BEFORE INSERT');

  for (const code of [...again, ...ours]) {
    const response = await postRaising(app, code);

    if (again.includes(code))
      assertProblem(response, code, 503, 'urn:order-service:problem:database-unavailable');
    else assertProblem(response, code, 500, 'about:blank');
  }
  assertNothingTold(app);
  assert.deepEqual(await app.rowCounts(), [0, 0, 0]);
});

test('an error at COMMIT has the status of its code, also where the session may have ended, since that is asked', async (t) => {
  const app = await openApp(t);
  await raiseOnOrders(app, 'AFTER INSERT');

  for (const code of [...again, ...ours]) {
    const response = await postRaising(app, code);

    if (again.includes(code))
      assertProblem(response, code, 503, 'urn:order-service:problem:database-unavailable');
    else assertProblem(response, code, 500, 'about:blank');
  }
  assertNothingTold(app);
  assert.deepEqual(await app.rowCounts(), [0, 0, 0]);
});

test('the codes of Node in the table are a 503', () => {
  const codes = UNAVAILABLE.filter((code) => code.startsWith('E'));

  assert.ok(codes.length >= 5);
  for (const code of codes) {
    const cause = Object.assign(new Error(`${code} 10.0.0.1:5432 secret`), { code });
    const problem = toProblem(new DrizzleQueryError('SELECT secret', ['secret'], cause), 'id');
    assert.equal(problem.status, 503, code);
    assert.doesNotMatch(JSON.stringify(problem), /secret|10\.0\.0\.1|SELECT/);
  }
});

test('no row of the table is without its test', () => {
  const rows = UNAVAILABLE.filter((code) => !code.startsWith('E'));

  for (const row of rows)
    assert.ok(
      again.some((code) => code.startsWith(row)),
      row,
    );
  for (const code of again)
    assert.ok(
      rows.some((row) => code.startsWith(row)),
      code,
    );
});

/** Makes an insert into orders fail with the SQLSTATE that its customer's id is, at once or at COMMIT. */
async function raiseOnOrders({ db }: TestApp, when: 'BEFORE INSERT' | 'AFTER INSERT'): Promise<void> {
  const constraint = when === 'AFTER INSERT';
  await db.query(`
    CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION USING ERRCODE = NEW.customer_id, MESSAGE = 'secret', DETAIL = NEW.shipping_address, HINT = 'secret'; END $$;
    CREATE ${constraint ? 'CONSTRAINT' : ''} TRIGGER fail ${when} ON orders ${constraint ? 'DEFERRABLE INITIALLY DEFERRED' : ''}
      FOR EACH ROW EXECUTE FUNCTION fail()`);
}

const postRaising = ({ post }: TestApp, code: string) => post({ ...tutorialOrder(), customerId: code });

function assertProblem(response: LightMyRequestResponse, code: string, status: number, type: string): void {
  assert.equal(response.statusCode, status, `${code}: ${response.body}`);
  assert.equal(response.json().type, type, code);
  assert.equal(response.headers['retry-after'], status === 503 ? '2' : undefined, code);
  assert.doesNotMatch(response.body, /secret|insert|trigger|Main St|SQLSTATE/i, code);
  assert.ok(!response.body.replaceAll(/"instance":"[^"]*"/g, '').includes(code), code);
}

function assertNothingTold({ logs }: TestApp): void {
  assert.ok(logs.length > 0);
  assert.doesNotMatch(JSON.stringify(logs), /Main St|Springfield|62701/);
}
