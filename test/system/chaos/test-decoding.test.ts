import assert from 'node:assert/strict';
import { test } from 'node:test';
import { insertedColumns } from './test-decoding.ts';

const line = (columns: string) => `table public.outbox: INSERT: ${columns}`;

test('columns of an insert are read, with quotes, spaces in types, and without nulls', () => {
  const columns = insertedColumns(
    line(
      `message_id[uuid]:'0b' created_at[timestamp(3) with time zone]:'2026-01-01 10:00:00+00' position[bigint]:7 message_body[jsonb]:'{"it''s": "a[x]:''b'' \\\\"}' user_id[text]:null`,
    ),
    'public.outbox',
  );

  assert.deepEqual(
    [...(columns ?? [])],
    [
      ['message_id', '0b'],
      ['created_at', '2026-01-01 10:00:00+00'],
      ['position', '7'],
      ['message_body', `{"it's": "a[x]:'b' \\\\"}`],
    ],
  );
});

test('other lines are none, and one that is cut short is not half believed', () => {
  assert.equal(insertedColumns('COMMIT 123', 'public.outbox'), undefined);
  assert.equal(insertedColumns("table public.orders: INSERT: a[text]:'x'", 'public.outbox'), undefined);
  assert.throws(() => insertedColumns(line("a[text]:'x' b[text]:'y"), 'public.outbox'), /cannot be read/);
});
