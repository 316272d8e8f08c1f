import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ReadyList } from '../../../dev/service-bus/ready-list.ts';

test('thousands of messages that come, go, come back and are removed stay in order', () => {
  const list = new ReadyList<{ sequenceNumber: number }>();
  // The model: all that is in the list, sorted whenever it is looked at.
  let model: { sequenceNumber: number }[] = [];
  const taken: { sequenceNumber: number }[] = [];

  for (let step = 1; step <= 6_000; step++) {
    const item = { sequenceNumber: step };
    list.add(item);
    model.push(item);
    if (step % 3 !== 0) {
      const first = list.shift();
      assert.equal(first, model.shift());
      if (first !== undefined) taken.push(first);
    }
    const back = step % 7 === 0 ? taken.pop() : undefined;
    if (back !== undefined) {
      list.add(back);
      model = [...model, back].sort((a, b) => a.sequenceNumber - b.sequenceNumber);
    }
    if (step % 11 === 0) {
      const [removed] = model.splice(model.length >> 1, 1);
      if (removed !== undefined) list.remove(removed);
    }
    assert.equal(list.length, model.length);
  }

  assert.deepEqual(
    Array.from({ length: list.length }, () => list.shift()),
    model,
  );
});
