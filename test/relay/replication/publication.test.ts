import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findFault } from '../../../relay/replication/publication.ts';

const OUTBOX = { oid: 16_400, name: 'app.outbox' };
const outbox = { ...OUTBOX, version: '1.2', filter: null, missing: [], generated: [] };
const publication = { version: '3.4', inserts: true, tables: [outbox] };

test('a publication of all inserts into outbox, whole, has no fault', () => {
  assert.equal(findFault(publication, OUTBOX), undefined);
});

const FAULTY: [string, ...Parameters<typeof findFault>, RegExp][] = [
  ['that is not there', undefined, OUTBOX, /does not exist.*npm run db:migrate/],
  [
    'without inserts',
    { ...publication, inserts: false },
    OUTBOX,
    /does not publish inserts.*publish = 'insert'/,
  ],
  [
    'without tables',
    { ...publication, tables: [] },
    OUTBOX,
    /does not contain the table outbox.*SET TABLE app\.outbox$/,
  ],
  [
    'of an outbox that was dropped and made again',
    publication,
    { ...OUTBOX, oid: 16_500 },
    /does not contain the table outbox/,
  ],
  ['while there is no outbox', publication, undefined, /no table outbox on the search_path/],
  [
    'with a row filter',
    { ...publication, tables: [{ ...outbox, filter: "(message_type <> 'X')" }] },
    OUTBOX,
    /row filter.*SET TABLE app\.outbox/,
  ],
  [
    'with a column list',
    { ...publication, tables: [{ ...outbox, missing: ['metadata', 'user_id'] }] },
    OUTBOX,
    /column list without metadata, user_id/,
  ],
  [
    'without a column of messages that is generated',
    { ...publication, tables: [{ ...outbox, generated: ['aggregate_id'] }] },
    OUTBOX,
    /does not publish aggregate_id, which PostgreSQL generates: .*publish_generated_columns/,
  ],
  [
    'with another table in it',
    { ...publication, tables: [{ ...outbox, oid: 1, name: 'public.orders' }, outbox] },
    OUTBOX,
    /also contains public\.orders.*DROP TABLE public\.orders/,
  ],
];

for (const [name, found, outboxOid, fault] of FAULTY) {
  test(`a publication ${name} is refused with the statement that mends it`, () => {
    assert.match(findFault(found, outboxOid) ?? 'no fault', fault);
  });
}
