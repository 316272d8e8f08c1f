import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type BatchLimits, type LaneMessage, Lanes } from '../../../relay/session/lanes.ts';

const LIMITS: BatchLimits = { maxCount: 10, maxBytes: 1_000, oneLane: false };

interface Message extends LaneMessage {
  readonly name: string;
}

/** "A1" is the first message of order A; "-1" one of no order. */
function message(name: string, more: Partial<Message> = {}): Message {
  return {
    name,
    lane: name.startsWith('-') ? undefined : name[0],
    destination: 'orders',
    bytes: 10,
    alone: false,
    ...more,
  };
}

function lanesOf(...messages: (string | Message)[]): Lanes<Message> {
  const lanes = new Lanes<Message>();
  for (const one of messages) lanes.push(typeof one === 'string' ? message(one) : one);
  return lanes;
}

function take(lanes: Lanes<Message>, limits: Partial<BatchLimits> = {}): Message[] {
  return lanes.take(() => ({ ...LIMITS, ...limits })) ?? [];
}

const names = (batch: readonly Message[]) => batch.map(({ name }) => name).join(' ');

test('what has gathered goes in one batch, in order', () => {
  const lanes = lanesOf('A1', 'B1', 'A2', '-1');

  assert.equal(names(take(lanes)), 'A1 B1 A2 -1');
  assert.equal(
    lanes.take(() => LIMITS),
    undefined,
  );
});

test('while a batch is in flight its orders wait and others go', () => {
  const lanes = lanesOf('A1', 'A2', 'B1', '-1', 'A3');
  take(lanes, { maxCount: 1 });

  assert.equal(names(take(lanes)), 'B1 -1');
  assert.equal(names(take(lanes)), '');
});

test('messages of no order never wait for each other', () => {
  const lanes = lanesOf('-1', '-2', '-3');

  assert.deepEqual(
    [1, 2, 3].map(() => names(take(lanes, { maxCount: 1 }))),
    ['-1', '-2', '-3'],
  );
});

test('what an order held back goes before what has come since', () => {
  const lanes = lanesOf('A1', 'A2', 'B1');
  const first = take(lanes, { maxCount: 1 });
  take(lanes);
  lanes.push(message('A3'));
  lanes.push(message('C1'));

  lanes.release(first);

  assert.equal(names(take(lanes)), 'A2 A3 C1');
});

test('a batch that was not accepted goes again before all that it held back', () => {
  const lanes = lanesOf('A1', 'B1', 'A2', 'B2', 'C1');
  const first = take(lanes, { maxCount: 2 });
  const second = take(lanes);
  assert.equal(names(second), 'C1');

  lanes.restore(first);

  assert.equal(names(take(lanes)), 'A1 B1 A2 B2');
});

test('one order is in flight once, also when its batch is restored while others fly', () => {
  const lanes = lanesOf('A1', 'B1', 'A2', 'B2');
  const a = take(lanes, { maxCount: 1 });
  const b = take(lanes, { maxCount: 1 });
  assert.equal(names(a) + names(b), 'A1B1');

  lanes.restore(b);
  assert.equal(names(take(lanes)), 'B1 B2');
  lanes.release(a);

  assert.equal(names(take(lanes)), 'A2');
});

test('a batch ends where the next message would make it too large', () => {
  const lanes = lanesOf(
    message('A1', { bytes: 600 }),
    message('B1', { bytes: 400 }),
    message('C1', { bytes: 1 }),
  );

  assert.equal(names(take(lanes)), 'A1 B1');
  assert.equal(names(take(lanes)), 'C1');
});

test('a small message does not jump over a large one of its order that did not fit', () => {
  const lanes = lanesOf('B1', message('A1', { bytes: 995 }), 'A2');

  assert.equal(names(take(lanes)), 'B1');
  assert.equal(names(take(lanes)), 'A1');
  assert.equal(names(take(lanes)), '');
});

test('a message larger than any batch goes by itself', () => {
  const lanes = lanesOf(message('A1', { bytes: 5_000 }), 'B1');

  assert.equal(names(take(lanes)), 'A1');
  assert.equal(names(take(lanes)), 'B1');
});

test('a message that has to go alone shares its batch neither with earlier nor with later ones', () => {
  const lanes = lanesOf('A1', message('B1', { alone: true }), 'C1');

  assert.deepEqual(
    [1, 2, 3].map(() => names(take(lanes))),
    ['A1', 'B1', 'C1'],
  );
});

test('with sessions a batch is of one order, and no order is passed by', () => {
  const lanes = lanesOf('A1', 'A2', 'B1', 'A3');

  assert.equal(names(take(lanes, { oneLane: true })), 'A1 A2');
  assert.equal(names(take(lanes, { oneLane: true })), 'B1');
  assert.equal(names(take(lanes, { oneLane: true })), '');
});

test('it counts what waits, ready or held, and not what is in flight', () => {
  const lanes = lanesOf('A1', 'A2', 'B1');
  assert.equal(lanes.waiting, 3);
  const first = take(lanes, { maxCount: 1 });
  take(lanes);
  assert.equal(lanes.waiting, 1);

  lanes.restore(first);
  assert.equal(lanes.waiting, 2);
  take(lanes);

  assert.equal(lanes.waiting, 0);
});

test('thousands of messages come out in the order of their orders', () => {
  const lanes = new Lanes<Message>();
  const orders = ['A', 'B', 'C'];
  for (let i = 0; i < 6_000; i++) lanes.push(message(`${orders[i % 3]}${i}`));
  const next = new Map<string, number>();

  for (let batch = lanes.take(() => LIMITS); batch; batch = lanes.take(() => LIMITS)) {
    for (const { lane = '', name } of batch) {
      const number = Number(name.slice(1));
      assert.ok(number > (next.get(lane) ?? -1), `${name} after ${next.get(lane)}`);
      next.set(lane, number);
    }
    lanes.release(batch);
  }

  assert.deepEqual([...next.values()], [5_997, 5_998, 5_999]);
});

const toLog = (name: string) => message(name, { destination: 'log' });
const allBut = (away: string) => (destination: string) => (destination === away ? undefined : LIMITS);

test('a batch has one destination, and an order goes on to another only when what was before is accepted', () => {
  const lanes = lanesOf('A1', toLog('A2'), 'A3', toLog('B1'), 'B2');

  const first = take(lanes);
  const second = take(lanes);
  assert.deepEqual([names(first), names(second), names(take(lanes))], ['A1', 'B1', '']);
  lanes.release(first);
  const third = take(lanes);
  lanes.release(third);

  assert.deepEqual([names(third), names(take(lanes))], ['A2', 'A3']);
});

test('what is for a destination that takes nothing keeps its own order waiting, and no other', () => {
  const lanes = lanesOf(toLog('A1'), 'A2', 'B1', toLog('C1'), '-1');

  assert.equal(names(lanes.take(allBut('log')) ?? []), 'B1 -1');
  assert.equal(lanes.take(allBut('log')), undefined);
  assert.equal(lanes.waiting, 3);

  const logged = take(lanes);
  lanes.release(logged);
  assert.deepEqual([names(logged), names(take(lanes))], ['A1 C1', 'A2']);
});

test('what follows in an order for the same destination goes along when that takes something again', () => {
  const lanes = lanesOf(toLog('A1'), toLog('A2'), toLog('B1'), 'A3', toLog('B2'));
  assert.equal(lanes.take(allBut('log')), undefined);

  assert.equal(names(take(lanes, { maxCount: 3 })), 'A1 A2 B1');
  assert.equal(names(take(lanes)), '');
});

test('a batch that its destination has refused stands aside for the others, and keeps its place in its order', () => {
  const lanes = lanesOf(toLog('A1'), 'A2', 'B1');
  lanes.restore(take(lanes));

  assert.equal(names(lanes.take(allBut('log')) ?? []), 'B1');
  assert.equal(names(take(lanes)), 'A1');
});

test('what stands for a destination is taken out with all that waits behind it', () => {
  const lanes = lanesOf(toLog('A1'), 'A2', 'B1', toLog('C1'));
  assert.equal(names(lanes.take(allBut('log')) ?? []), 'B1');
  lanes.push(message('A3'));

  const standing = lanes.takeStanding('log');

  assert.equal(names(standing), 'A1 C1');
  assert.equal(names(lanes.withdraw(standing)), 'A2 A3');
  assert.equal(lanes.waiting, 0);
});
