import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { OutboxMessage } from '../../../relay/outbox/outbox-message.ts';
import { OutboxDecoder } from '../../../relay/replication/outbox-decoder.ts';
import { outboxMessage } from '../outbox/outbox-messages.ts';
import { begin, commit, insert, logicalMessage, relation } from './pgoutput-bytes.ts';

const OID = 16_400;
const REQUIRED = { message_id: 'id-1', message_type: 'OrderCreated', message_body: '{"a": 1}' };

type Row = Record<string, string | Buffer | null>;

/** Decodes one row of a table with just these columns, in this order. */
function decodeRow(row: Row, decoder = new OutboxDecoder(OID)) {
  assert.deepEqual(decoder.decode(relation(OID, Object.keys(row))), { kind: 'other' });
  return decoder.decode(insert(OID, Object.values(row)));
}

function messageOf(row: Row): OutboxMessage {
  const event = decodeRow(row);
  assert.equal(event.kind, 'insert');
  return event.kind === 'insert' ? event.message : assert.fail();
}

test('a begin tells where and when its transaction commits, and which it is', () => {
  const committedAt = Date.UTC(2026, 10, 28, 5, 4, 16) + 123.456;
  const event = new OutboxDecoder(OID).decode(begin(0x16_b374_d848n, 4_294_967_295, committedAt));

  assert.deepEqual(event, { kind: 'begin', commitLsn: 0x16_b374_d848n, xid: 4_294_967_295, committedAt });
});

test('a commit tells where it ends', () => {
  const event = new OutboxDecoder(OID).decode(commit(0x16_b374_d848n, 0x16_b374_d878n));

  assert.deepEqual(event, { kind: 'commit', endLsn: 0x16_b374_d878n });
});

test('a row with the required columns alone is a message without the rest', () => {
  assert.deepEqual(messageOf(REQUIRED), outboxMessage('id-1', undefined, { body: Buffer.from('{"a": 1}') }));
});

test('every column that a message needs is taken, the others are not', () => {
  const message = messageOf({
    ...REQUIRED,
    created_at: '2026-01-01 00:00:00+00',
    position: '7',
    aggregate_id: 'order-1',
    aggregate_version: '3',
    correlation_id: 'correlation-1',
    causation_id: 'command-1',
    user_id: 'Zoë',
    metadata: '{"tenant": "x"}',
    traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    tracestate: 'a=1',
    destination: 'log',
    processed_at: null,
    parked_at: null,
    dropped_at: null,
    retry_count: '0',
  });

  assert.deepEqual(message, {
    messageId: 'id-1',
    messageType: 'OrderCreated',
    body: Buffer.from('{"a": 1}'),
    aggregateId: 'order-1',
    aggregateVersion: '3',
    correlationId: 'correlation-1',
    causationId: 'command-1',
    userId: 'Zoë',
    metadata: '{"tenant": "x"}',
    traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    tracestate: 'a=1',
    destination: 'log',
  });
});

test('columns are told by their names, in any order', () => {
  const row = { ...REQUIRED, aggregate_id: 'order-1', user_id: null, tracestate: 'a=1' };
  const reversed = Object.fromEntries(Object.entries(row).toReversed());

  assert.deepEqual(messageOf(reversed), messageOf(row));
});

test('a column that is added and one that is dropped while it runs change nothing', () => {
  const decoder = new OutboxDecoder(OID);
  const before = decodeRow({ user_id: 'u', ...REQUIRED }, decoder);

  const after = decodeRow({ priority: '5', ...REQUIRED, user_id: 'u' }, decoder);
  const dropped = decodeRow(REQUIRED, decoder);

  assert.deepEqual(after, before);
  assert.equal(dropped.kind === 'insert' && dropped.message.userId, undefined);
});

for (const body of [
  '{"n": 12345678901234567890}',
  '{"price": 1.10}',
  '{"big": 1e400}',
  '{"b": 1, "a": 2}',
  '{"text": "ä€😀\\u0000"}',
  'null',
]) {
  test(`the body ${body} stays as it was committed, byte for byte`, () => {
    assert.deepEqual(messageOf({ ...REQUIRED, message_body: body }).body, Buffer.from(body));
  });
}

test('a body outlives the bytes it was read from', () => {
  const decoder = new OutboxDecoder(OID);
  decoder.decode(relation(OID, Object.keys(REQUIRED)));
  const bytes = insert(OID, Object.values(REQUIRED));
  const event = decoder.decode(bytes);

  bytes.fill(0);

  assert.equal(event.kind === 'insert' && event.message.body.toString(), '{"a": 1}');
});

for (const column of ['processed_at', 'parked_at', 'dropped_at']) {
  test(`a row that was inserted with ${column} is history`, () => {
    assert.deepEqual(decodeRow({ ...REQUIRED, [column]: '2026-01-01 00:00:00+00' }), { kind: 'history' });
  });
}

for (const [what, bytes, expected] of [
  ['for the relay', logicalMessage('outbox-relay', '{}'), { kind: 'request', content: Buffer.from('{}') }],
  ["with another program's prefix", logicalMessage('another', '{}'), { kind: 'other' }],
  ['outside of a transaction', logicalMessage('outbox-relay', '{}', false), { kind: 'other' }],
] as const) {
  test(`a logical message ${what}`, () => {
    assert.deepEqual(new OutboxDecoder(OID).decode(bytes), expected);
  });
}

for (const tag of ['O', 'Y', 'U', 'D', 'T']) {
  test(`a message ${tag} is no event of the outbox`, () => {
    assert.deepEqual(new OutboxDecoder(OID).decode(Buffer.from(`${tag}\0\0\0\0`)), { kind: 'other' });
  });
}

for (const [name, bytes] of [
  ['of an unknown kind', Buffer.from('X\0\0\0\0')],
  ['of a later protocol version', Buffer.from('S\0\0\0\0\0')],
  ['of no bytes', Buffer.alloc(0)],
] as const) {
  test(`a message ${name} is malformed`, () => {
    assert.throws(() => new OutboxDecoder(OID).decode(bytes), { code: 'WAL_MALFORMED' });
  });
}

for (const column of ['message_id', 'message_type', 'message_body'] as const) {
  test(`a table without ${column} cannot be read`, () => {
    const others = Object.keys(REQUIRED).filter((name) => name !== column);

    assert.throws(() => new OutboxDecoder(OID).decode(relation(OID, others)), {
      code: 'OUTBOX_UNREADABLE',
      message: new RegExp(`public\\.outbox without ${column}`),
    });
  });

  test(`a row without a ${column} cannot be read`, () => {
    assert.throws(() => decodeRow({ ...REQUIRED, [column]: null }), { code: 'OUTBOX_UNREADABLE' });
  });
}

test('the rows of a table that lost a required column are not read by its old columns', () => {
  const decoder = new OutboxDecoder(OID);
  decodeRow(REQUIRED, decoder);
  assert.throws(() => decoder.decode(relation(OID, ['message_id', 'message_type', 'renamed'])));

  assert.throws(() => decoder.decode(insert(OID, Object.values(REQUIRED))), { code: 'WAL_MALFORMED' });
});

test('a row of another table is no event, whatever its columns', () => {
  const decoder = new OutboxDecoder(OID);
  decoder.decode(relation(OID, Object.keys(REQUIRED)));

  for (const columns of [Object.keys(REQUIRED), ['id', 'name', 'price']]) {
    assert.deepEqual(decoder.decode(relation(OID + 1, columns)), { kind: 'other' });
    assert.deepEqual(decoder.decode(insert(OID + 1, Object.values(REQUIRED))), { kind: 'other' });
  }
  assert.equal(decoder.decode(insert(OID, Object.values(REQUIRED))).kind, 'insert');
});

test('an oid is a number without a sign', () => {
  const decoder = new OutboxDecoder(4_000_000_000);
  decoder.decode(relation(4_000_000_000, Object.keys(REQUIRED)));

  assert.equal(decoder.decode(insert(4_000_000_000, Object.values(REQUIRED))).kind, 'insert');
});

test('a row of a table that was never described is malformed', () => {
  const decoder = new OutboxDecoder(OID);
  decoder.decode(relation(OID, Object.keys(REQUIRED)));

  assert.throws(() => decoder.decode(insert(OID + 1, Object.values(REQUIRED))), { code: 'WAL_MALFORMED' });
});

for (const [name, values] of [
  ['fewer', ['id-1', 'OrderCreated']],
  ['more', ['id-1', 'OrderCreated', '{}', 'x']],
] as const) {
  test(`a row of ${name} columns than were described is malformed`, () => {
    const decoder = new OutboxDecoder(OID);
    decoder.decode(relation(OID, Object.keys(REQUIRED)));

    assert.throws(() => decoder.decode(insert(OID, values)), { code: 'WAL_MALFORMED' });
  });
}

test('a value in binary form is malformed, as it was never asked for', () => {
  const decoder = new OutboxDecoder(OID);
  decoder.decode(relation(OID, Object.keys(REQUIRED)));
  const bytes = insert(OID, Object.values(REQUIRED));
  bytes[bytes.indexOf('t')] = 'b'.charCodeAt(0);

  assert.throws(() => decoder.decode(bytes), { code: 'WAL_MALFORMED' });
});

const MESSAGES: [string, Buffer][] = [
  ['begin', begin(1n, 1)],
  ['commit', commit(1n, 2n).subarray(0, 18)], // its time is not read
  ['relation', relation(OID, [...Object.keys(REQUIRED), 'tracestate'])],
  ['insert', insert(OID, [...Object.values(REQUIRED), 'a=1'])],
];

for (const [kind, whole] of MESSAGES) {
  test(`a message ${kind} is malformed wherever it is cut short`, () => {
    // The cut of a value went unnoticed: half a body would have been sent.
    for (let length = 1; length < whole.length; length++) {
      const decoder = new OutboxDecoder(OID);
      decoder.decode(relation(OID, [...Object.keys(REQUIRED), 'tracestate']));

      assert.throws(
        () => decoder.decode(whole.subarray(0, length)),
        { code: 'WAL_MALFORMED' },
        `at ${length}`,
      );
    }
  });
}
