import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findFault } from '../../../relay/replication/publication.ts';

const OUTBOX = 16_400;
const outbox = { oid: OUTBOX, version: '1.2', name: 'public.outbox', filter: null, missing: [] };
const publication = { version: '3.4', inserts: true, tables: [outbox] };

test('a publication of all inserts into outbox, whole, has no fault', () => {
  assert.equal(findFault(publication, OUTBOX), undefined);
});

const FAULTY: [string, Parameters<typeof findFault>[0], number | undefined, RegExp][] = [
  ['that is not there', undefined, OUTBOX, /does not exist.*npm run db:migrate/],
  [
    'without inserts',
    { ...publication, inserts: false },
    OUTBOX,
    /does not publish inserts.*publish = 'insert'/,
  ],
  ['without tables', { ...publication, tables: [] }, OUTBOX, /does not contain the table outbox/],
  [
    'of an outbox that was dropped and made again',
    publication,
    OUTBOX + 1,
    /does not contain the table outbox/,
  ],
  ['while there is no outbox', publication, undefined, /does not contain the table outbox/],
  [
    'with a row filter',
    { ...publication, tables: [{ ...outbox, filter: "(message_type <> 'X')" }] },
    OUTBOX,
    /row filter.*SET TABLE public\.outbox/,
  ],
  [
    'with a column list',
    { ...publication, tables: [{ ...outbox, missing: ['metadata', 'user_id'] }] },
    OUTBOX,
    /column list without metadata, user_id/,
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
