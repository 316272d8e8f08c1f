import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findFault } from '../../../relay/replication/publication.ts';
import { OUTBOX } from '../../support/outbox-table.ts';

const OID = 16_400;
const outbox = { oid: OID, version: '1.2', name: 'public.outbox', filter: null, missing: [] };
const publication = { version: '3.4', inserts: true, tables: [outbox] };

test('a publication of all inserts into outbox, whole, has no fault', () => {
  assert.equal(findFault(publication, OID, OUTBOX), undefined);
});

const FAULTY: [string, Parameters<typeof findFault>[0], number | undefined, RegExp][] = [
  ['that is not there', undefined, OID, /does not exist.*npm run outbox -- init/],
  [
    'without inserts',
    { ...publication, inserts: false },
    OID,
    /does not publish inserts.*publish = 'insert'/,
  ],
  [
    'without tables',
    { ...publication, tables: [] },
    OID,
    /does not contain the table outbox: ALTER PUBLICATION \.\.\. SET TABLE "outbox"/,
  ],
  ['of an outbox that was dropped and made again', publication, OID + 1, /does not contain the table outbox/],
  ['while there is no outbox', publication, undefined, /does not contain the table outbox/],
  [
    'with a row filter',
    { ...publication, tables: [{ ...outbox, filter: "(message_type <> 'X')" }] },
    OID,
    /row filter.*SET TABLE public\.outbox/,
  ],
  [
    'with a column list',
    { ...publication, tables: [{ ...outbox, missing: ['metadata', 'user_id'] }] },
    OID,
    /column list without metadata, user_id/,
  ],
  [
    'with another table in it',
    { ...publication, tables: [{ ...outbox, oid: 1, name: 'public.orders' }, outbox] },
    OID,
    /also contains public\.orders.*DROP TABLE public\.orders/,
  ],
];

for (const [name, found, outboxOid, fault] of FAULTY) {
  test(`a publication ${name} is refused with the statement that mends it`, () => {
    assert.match(findFault(found, outboxOid, OUTBOX) ?? 'no fault', fault);
  });
}
