import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { type TestContext, test } from 'node:test';
import { CoalescedReader } from '../../../relay/replication/coalesced-reader.ts';

function openReader(t: TestContext) {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const socket = new Readable({ read: () => undefined });
  const pieces: string[] = [];
  socket.on('data', (piece: Buffer) => pieces.push(piece.toString()));
  let now = 0;
  const reader = new CoalescedReader(socket, () => now);
  /** Each so long after the one before. */
  const arrive = async (texts: readonly string[], gapMs: number) => {
    for (const text of texts) {
      now += gapMs;
      socket.push(text);
      await immediate();
    }
  };
  return { reader, pieces, arrive };
}

const immediate = () => new Promise<void>((resolve) => setImmediate(resolve));
const numbered = (count: number, bytes = 8) =>
  Array.from({ length: count }, (_, n) => `${n},`.padStart(bytes));

test('pieces that come a while apart are handed on as they come', async (t) => {
  const { pieces, arrive } = openReader(t);
  const sent = numbered(100);

  await arrive(sent, 0.5);

  assert.deepEqual(pieces, sent);
});

test('a commit and a few at once are handed on as they come', async (t) => {
  const { pieces, arrive } = openReader(t);
  const sent = numbered(12);

  await arrive(sent, 0.01);

  assert.deepEqual(pieces, sent);
});

test('in a long row, what comes during a rest is handed on as one piece, rest after rest', async (t) => {
  const { pieces, arrive } = openReader(t);
  const first = numbered(100, 200);
  const second = numbered(50, 200);

  await arrive(first, 0.01);
  const handedOn = pieces.length;
  t.mock.timers.tick(1);
  await immediate();
  await arrive(second, 0.01);
  t.mock.timers.tick(1);
  await immediate();

  assert.ok(handedOn < 20, `${handedOn} pieces before the first rest`);
  assert.equal(pieces.length, handedOn + 2);
  assert.equal(pieces.join(''), [...first, ...second].join(''));
});

test('a rest in which little came is the last', async (t) => {
  const { pieces, arrive } = openReader(t);
  const row = numbered(20);
  const later = numbered(5);

  await arrive(row, 0.01);
  t.mock.timers.tick(1);
  await immediate();
  const handedOn = pieces.length;
  await arrive(later, 0.01);

  assert.equal(pieces.slice(0, handedOn).join(''), row.join(''));
  assert.deepEqual(pieces.slice(handedOn), later);
});

test('nothing is handed on while it is paused, also when a rest ends meanwhile', async (t) => {
  const { reader, pieces, arrive } = openReader(t);
  const row = numbered(30);

  await arrive(row, 0.01);
  reader.pause();
  const handedOn = pieces.length;
  t.mock.timers.tick(1);
  await immediate();
  assert.equal(pieces.length, handedOn);

  reader.resume();
  await immediate();
  t.mock.timers.tick(1);
  await immediate();
  assert.equal(pieces.join(''), row.join(''));
});

test('a resume does not end a rest', async (t) => {
  const { reader, pieces, arrive } = openReader(t);
  await arrive(numbered(20), 0.01);
  const handedOn = pieces.length;

  reader.pause();
  reader.resume();
  await arrive(numbered(5), 0.01);
  assert.equal(pieces.length, handedOn);

  t.mock.timers.tick(1);
  await immediate();
  assert.equal(pieces.length, handedOn + 1);
});
