import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ObservedPublisher } from '../../../relay/publishing/observed-publisher.ts';
import { PublishError, type PublishErrorKind } from '../../../relay/publishing/publish-error.ts';
import { MemoryPublisher, prepareInMemory } from '../../support/memory-publisher.ts';
import { outboxMessage } from '../outbox/outbox-messages.ts';

const BATCH = [prepareInMemory(outboxMessage('1'))];
const OTHERS = [prepareInMemory(outboxMessage('1', 'A', { destination: 'log' }))];
const error = (kind: PublishErrorKind) => new PublishError('refused', { kind, code: 'Test' });

/** A publisher whose sends take 10 ms each. */
function observed() {
  let now = 0;
  const broker = new MemoryPublisher();
  const publisher = new ObservedPublisher(broker, () => now);
  const send = async (kind?: PublishErrorKind) => {
    broker.refuse = () => {
      now += 10;
      return kind && error(kind);
    };
    await publisher.send(BATCH).catch(() => undefined); // what it rejects with has its own test
  };
  return { publisher, broker, send };
}

test('the broker is away from the beginning of the first of the failures in a row', async () => {
  const { publisher, send } = observed();
  await send();
  assert.equal(publisher.awayForMs, undefined);

  await send('transient');
  await send('operator');
  assert.equal(publisher.awayForMs, 20);

  await send();
  assert.equal(publisher.awayForMs, undefined);
  await send('transient');
  assert.equal(publisher.awayForMs, 10);
  publisher.forget();
  assert.equal(publisher.awayForMs, undefined);
});

test('a message that can never pass says nothing about the broker', async () => {
  const { publisher, send } = observed();

  await send('poison');
  assert.equal(publisher.awayForMs, undefined);
  await send('transient');
  await send('poison');

  assert.equal(publisher.awayForMs, 20);
});

const UNREACHABLE = new PublishError('away', { kind: 'transient', code: 'BROKER_UNREACHABLE' });

test('a broker that only could not be reached is there again once it is reached', async () => {
  const { publisher, broker } = observed();
  broker.refuse = () => UNREACHABLE;
  await assert.rejects(publisher.connect('orders'));
  await assert.rejects(publisher.send(BATCH));
  assert.notEqual(publisher.awayForMs, undefined);

  broker.refuse = () => undefined;
  await publisher.connect('orders', true);

  assert.equal(publisher.awayForMs, undefined);
});

test('a broker that has refused a send stays away, although it can be reached', async () => {
  const { publisher, broker, send } = observed();
  broker.refuse = () => UNREACHABLE;
  await assert.rejects(publisher.connect('orders'));
  await send('transient');

  broker.refuse = () => undefined;
  await publisher.connect('orders', true);

  assert.notEqual(publisher.awayForMs, undefined);
});

test('a failed send rejects with its own error', async () => {
  const broker = new MemoryPublisher();
  const refused = error('transient');
  broker.refuse = () => refused;
  const publisher = new ObservedPublisher(broker, () => 0);

  await assert.rejects(publisher.send(BATCH), refused);
  assert.deepEqual([publisher.name, publisher.limits], [broker.name, broker.limits]);
});

test('a destination that takes nothing does not make the broker away while another one takes what it is sent', async () => {
  let now = 0;
  const broker = new MemoryPublisher({}, ['log']);
  const publisher = new ObservedPublisher(broker, () => now++);
  broker.refuse = (_batch, to) => (to === 'log' ? error('operator') : undefined);

  await assert.rejects(publisher.send(OTHERS));
  assert.notEqual(publisher.awayForMs, undefined);
  await publisher.send(BATCH);
  await assert.rejects(publisher.send(OTHERS));
  assert.equal(publisher.awayForMs, undefined);

  broker.refuse = () => error('transient');
  await assert.rejects(publisher.send(BATCH));
  assert.notEqual(publisher.awayForMs, undefined);
});

test('it is enough that one of the known destinations can be reached', async () => {
  const broker = new MemoryPublisher({}, ['log']);
  const publisher = new ObservedPublisher(broker, () => 0);
  broker.refuse = (_batch, to) => (to === 'orders' ? UNREACHABLE : undefined);

  await publisher.connectToAny();
  broker.refuse = () => UNREACHABLE;

  await assert.rejects(publisher.connectToAny(), UNREACHABLE);
});

test('those that are away are tried again, and the others left alone', async () => {
  const broker = new MemoryPublisher({}, ['log']);
  const publisher = new ObservedPublisher(broker, () => 0);
  broker.refuse = (_batch, to) => (to === 'log' ? UNREACHABLE : undefined);
  await assert.rejects(publisher.connect('log'));
  const tried: string[] = [];
  broker.refuse = (_batch, to) => void tried.push(to);

  await publisher.tryAway();

  assert.deepEqual([tried, publisher.awayForMs], [['log'], undefined]);
});
