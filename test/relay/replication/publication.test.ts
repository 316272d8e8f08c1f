import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findFault } from '../../../relay/replication/publication.ts';
import { OUTBOX } from '../../support/outbox-table.ts';

const OID = 16_400;
const found = { oid: OID, name: 'app.outbox' };
const outbox = { ...found, version: '1.2', filter: null, missing: [], generated: [] };
const publication = { version: '3.4', inserts: true, tables: [outbox] };

test('a publication of all inserts into outbox, whole, has no fault', () => {
  assert.equal(findFault(publication, found, OUTBOX), undefined);
});

type Case = Parameters<typeof findFault>;

const FAULTY: [string, Case[0], Case[1], RegExp][] = [
  ['that is not there', undefined, found, /does not exist.*npm run outbox -- init/],
  [
    'without inserts',
    { ...publication, inserts: false },
    found,
    /does not publish inserts.*publish = 'insert'/,
  ],
  [
    'without tables',
    { ...publication, tables: [] },
    found,
    /does not contain the table outbox: ALTER PUBLICATION \.\.\. SET TABLE app\.outbox$/,
  ],
  [
    'of an outbox that was dropped and made again',
    publication,
    { ...found, oid: OID + 1 },
    /does not contain the table outbox/,
  ],
  ['while there is no outbox', publication, undefined, /the table outbox is not/],
  [
    'with a row filter',
    { ...publication, tables: [{ ...outbox, filter: "(message_type <> 'X')" }] },
    found,
    /row filter.*SET TABLE app\.outbox/,
  ],
  [
    'with a column list',
    { ...publication, tables: [{ ...outbox, missing: ['metadata', 'user_id'] }] },
    found,
    /column list without metadata, user_id/,
  ],
  [
    'without a column of messages that is generated',
    { ...publication, tables: [{ ...outbox, generated: ['aggregate_id'] }] },
    found,
    /does not publish aggregate_id, which PostgreSQL generates: .*publish_generated_columns/,
  ],
  [
    'with another table in it',
    { ...publication, tables: [{ ...outbox, oid: 1, name: 'public.orders' }, outbox] },
    found,
    /also contains public\.orders.*DROP TABLE public\.orders/,
  ],
];

for (const [name, faulty, table, fault] of FAULTY) {
  test(`a publication ${name} is refused with the statement that mends it`, () => {
    assert.match(findFault(faulty, table, OUTBOX) ?? 'no fault', fault);
  });
}
