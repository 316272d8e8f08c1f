import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { SettlingLane } from '../../../../src/inbox/receiving/settling-lane.ts';

/** A broker that answers when it is told to. */
class Answers {
  readonly begun: string[] = [];
  readonly #answers = new Map<string, PromiseWithResolvers<void>>();

  ask(name: string): () => Promise<void> {
    return () => {
      this.begun.push(name);
      const answer = Promise.withResolvers<void>();
      this.#answers.set(name, answer);
      return answer.promise;
    };
  }

  async give(name: string, error?: Error): Promise<void> {
    const answer = this.#answers.get(name);
    assert.ok(answer, `${name} has begun`);
    if (error) answer.reject(error);
    else answer.resolve();
    await turn();
  }
}

test('completes do not wait for each other', async () => {
  const broker = new Answers();
  const lane = new SettlingLane();

  void lane.complete(broker.ask('a'));
  void lane.complete(broker.ask('b'));
  await turn();

  assert.deepEqual(broker.begun, ['a', 'b']);
});

test('another outcome waits for the completes before it, and those after it wait for it', async () => {
  const broker = new Answers();
  const lane = new SettlingLane();

  void lane.complete(broker.ask('a'));
  void lane.complete(broker.ask('b'));
  void lane.settleAlone(broker.ask('dead 1'));
  void lane.settleAlone(broker.ask('dead 2'));
  void lane.complete(broker.ask('c'));
  await turn();
  await broker.give('a');
  assert.deepEqual(broker.begun, ['a', 'b']);
  await broker.give('b');
  assert.deepEqual(broker.begun, ['a', 'b', 'dead 1']);
  await broker.give('dead 1');
  assert.deepEqual(broker.begun, ['a', 'b', 'dead 1', 'dead 2']);
  await broker.give('dead 2');
  assert.deepEqual(broker.begun, ['a', 'b', 'dead 1', 'dead 2', 'c']);
});

test('one that fails tells its caller, and holds up nobody', async () => {
  const broker = new Answers();
  const lane = new SettlingLane();

  const completed = assert.rejects(lane.complete(broker.ask('a')), /lost/);
  const dead = assert.rejects(lane.settleAlone(broker.ask('dead')), /lost/);
  void lane.complete(broker.ask('b'));
  await turn();
  await broker.give('a', new Error('lost'));
  await broker.give('dead', new Error('lost'));

  assert.deepEqual(broker.begun, ['a', 'dead', 'b']);
  await Promise.all([completed, dead]);
});

test('it is idle when everything is answered', async () => {
  const broker = new Answers();
  const lane = new SettlingLane();
  let isIdle = false;

  void lane.complete(broker.ask('a'));
  void lane.settleAlone(broker.ask('dead'));
  const idle = lane.idle().then(() => (isIdle = true));
  await turn();
  await broker.give('a');
  assert.equal(isIdle, false);
  await broker.give('dead');

  await idle;
});
