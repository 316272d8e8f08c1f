import assert from 'node:assert/strict';
import { test } from 'node:test';
import { consumes } from '../../../../src/inbox/handling/consumed-event.ts';
import { eventReader } from '../../../../src/inbox/handling/event-reader.ts';
import type { HandlingError } from '../../../../src/inbox/handling/handling-error.ts';
import type { ReceivedMessage } from '../../../../src/inbox/received-message.ts';
import { COUNT, Counted, counted, events } from './messages.ts';

const read = eventReader(events);

test('a message becomes the command of its type, and what it does not know is no fault', () => {
  const message = counted(7, { body: Buffer.from('\uFEFF{"n":7,"later":true}') });

  assert.deepEqual(read(message).command, { type: COUNT, body: 7 });
});

test('the context is carried, but for what is about the message itself', () => {
  const trace = { traceparent: `00-${'1'.repeat(32)}-${'2'.repeat(16)}-01`, tracestate: 'a=1' };
  const metadata = { tenant: 'blue', schemaVersion: '1' };

  const { context } = read(
    counted(1, { messageId: 'm', correlationId: 'c', causationId: 'cause', userId: 'u', metadata, trace }),
  );

  const expected = { messageId: 'm', correlationId: 'c', causationId: 'cause', userId: 'u', trace };
  assert.deepEqual(context, { ...expected, metadata: { tenant: 'blue' } });
});

test('a message without correlation begins one', () => {
  assert.equal(read(counted(1, { messageId: 'm' })).context.correlationId, 'm');
});

const REFUSED: readonly [name: string, message: Partial<ReceivedMessage>, code: string, told: RegExp][] = [
  ['of another type', { type: 'Elsewhere' }, 'TYPE_UNKNOWN', /Elsewhere/],
  ['of no type', { type: undefined }, 'TYPE_UNKNOWN', /undefined/],
  ['of a name that every object has', { type: 'constructor' }, 'TYPE_UNKNOWN', /constructor/],
  ['of another type without an id', { type: 'Elsewhere', messageId: undefined }, 'TYPE_UNKNOWN', /Elsewhere/],
  ['without an id', { messageId: undefined }, 'MESSAGE_ID_MISSING', /messageId/],
  ['with an empty id', { messageId: '' }, 'MESSAGE_ID_MISSING', /messageId/],
  ['of a newer version', { metadata: { schemaVersion: '2' } }, 'SCHEMA_TOO_NEW', /is 2; up to 1/],
  ['of a version that is no number', { metadata: { schemaVersion: 'x' } }, 'SCHEMA_TOO_NEW', /is x; up to 1/],
  ['that is no JSON', { body: Buffer.from('{"n":') }, 'BODY_MALFORMED', /no JSON/],
  ['that is no UTF-8', { body: Buffer.from([0x22, 0xff, 0x22]) }, 'BODY_MALFORMED', /no JSON in UTF-8/],
  ['that is empty', { body: Buffer.alloc(0) }, 'BODY_MALFORMED', /no JSON/],
  [
    'without a member',
    { body: Buffer.from('{}') },
    'BODY_INVALID',
    /^the body must have required property 'n'$/,
  ],
  ['of another shape', { body: Buffer.from('[]') }, 'BODY_INVALID', /^the body must be object$/],
  [
    'with faults',
    { body: Buffer.from('{"n":"secret","of":[{"at":"x"},{"at":""}]}') },
    'BODY_INVALID',
    /^\/n must be integer; \/of\/1\/at must NOT have fewer than 1 characters$/,
  ],
];

test('of a body with very many faults the first are told, and how many there are', () => {
  const of = Array.from({ length: 50_000 }, () => ({}));
  const message = counted(1, { body: Buffer.from(JSON.stringify({ n: 1, of })) });

  assert.throws(
    () => read(message),
    ({ message: told, faults }: HandlingError) => {
      assert.match(told, /^\/of\/0 must .*'at'; \/of\/1 .*; and 49980 more$/);
      return told.length < 2_000 && faults.length === 20;
    },
  );
});

for (const [name, message, code, told] of REFUSED) {
  test(`a message ${name} is ${code}, and is not quoted`, () => {
    assert.throws(
      () => read(counted(1, message)),
      (error: HandlingError) => {
        assert.equal(error.code, code);
        assert.match(error.message, told);
        return error.cause === undefined;
      },
    );
  });
}

test('an older and a minor version are understood', () => {
  const later: typeof events = { Counted: consumes(Counted, ({ n }) => ({ type: COUNT, body: n }), 2) };
  const second = eventReader(later);

  for (const schemaVersion of ['1', '2', '2.7']) {
    assert.deepEqual(second(counted(1, { metadata: { schemaVersion } })).command, { type: COUNT, body: 1 });
  }
  assert.throws(() => second(counted(1, { metadata: { schemaVersion: '3.0' } })), { code: 'SCHEMA_TOO_NEW' });
});
