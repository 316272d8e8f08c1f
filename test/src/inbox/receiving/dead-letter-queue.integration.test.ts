import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type DeadLetter,
  decideDeadLetters,
  peekDeadLetters,
  type Verdict,
} from '../../../../src/inbox/receiving/dead-letter-queue.ts';
import { deadLetterAll, deadLettersOf } from '../../../support/dead-letters.ts';
import { numbered, openBus, withClient } from './support.ts';

const PLAIN = { name: 'plain', from: { queue: 'plain' } };
const QUEUE = PLAIN.from;
const SILENCE_MS = 300;
type Bus = Awaited<ReturnType<typeof openBus>>;

async function peeked(bus: Bus, source = PLAIN): Promise<DeadLetter[]> {
  return Array.fromAsync(peekDeadLetters(bus, source));
}

const numberOf = ({ message }: DeadLetter) => message.sequenceNumber;
const idOf = ({ message }: DeadLetter) => message.messageId;

test('a dead letter says why it is one, and its message is as it was sent', async (t) => {
  const bus = await openBus(t);
  await deadLetterAll(bus, QUEUE, [
    {
      messageId: 'm',
      subject: 'Counted',
      body: Buffer.from('{"n":1}'),
      applicationProperties: { tenant: 'blue' },
    },
  ]);

  const [letter, ...others] = await peeked(bus);

  assert.deepEqual([letter?.reason, letter?.description, others], ['BODY_INVALID', 'orderId is missing', []]);
  const { messageId, type, body, metadata } = letter?.message ?? {};
  assert.deepEqual(
    [messageId, type, String(body), metadata],
    ['m', 'Counted', '{"n":1}', { tenant: 'blue' }],
  );
});

test('only what is removed is gone; the others are free at once, in their order, and no delivery is counted', async (t) => {
  const bus = await openBus(t);
  await deadLetterAll(bus, QUEUE, numbered(8));
  const before = await deadLettersOf(bus, QUEUE);
  const meant = (await peeked(bus)).filter((letter) => ['2', '5', '6'].includes(idOf(letter) ?? ''));
  const decided: (string | undefined)[] = [];

  const left = await decideDeadLetters(bus, PLAIN, meant.map(numberOf), async (letter) => {
    decided.push(idOf(letter));
    return idOf(letter) === '5' ? 'leave' : 'remove';
  });

  assert.deepEqual([left, decided], [[], ['2', '5', '6']]);
  const rest = before.filter(({ id }) => id !== '2' && id !== '6');
  assert.deepEqual(await deadLettersOf(bus, QUEUE), rest);
  await withClient(bus, async (client) => {
    const receiver = client.createReceiver('plain', { subQueueType: 'deadLetter' });
    const free = await receiver.receiveMessages(6, { maxWaitTimeInMs: 2_000 });
    assert.deepEqual(
      free.map(({ messageId, deliveryCount }) => ({ id: messageId, deliveries: deliveryCount })),
      rest,
    );
  });
});

test('nothing is decided after a stop', async (t) => {
  const bus = await openBus(t);
  await deadLetterAll(bus, QUEUE, numbered(5));
  const before = await deadLettersOf(bus, QUEUE);
  const meant = (await peeked(bus)).map(numberOf);
  const verdicts: Verdict[] = ['leave', 'stop'];

  const left = await decideDeadLetters(bus, PLAIN, meant, async () => verdicts.shift() ?? 'remove');

  assert.deepEqual([left, await deadLettersOf(bus, QUEUE)], [meant.slice(1), before]);
});

test('what throws while it decides leaves everything as it was', async (t) => {
  const bus = await openBus(t);
  await deadLetterAll(bus, QUEUE, numbered(3));
  const before = await deadLettersOf(bus, QUEUE);
  const meant = (await peeked(bus)).map(numberOf);
  const decide = async () => {
    throw new Error('the database is away');
  };

  await assert.rejects(decideDeadLetters(bus, PLAIN, meant, decide), /the database is away/);

  assert.deepEqual(await deadLettersOf(bus, QUEUE), before);
});

test('what others have locked does not come', async (t) => {
  const bus = await openBus(t);
  await deadLetterAll(bus, QUEUE, numbered(2));
  const meant = (await peeked(bus)).map(numberOf);

  await withClient(bus, async (client) => {
    await client
      .createReceiver('plain', { subQueueType: 'deadLetter' })
      .receiveMessages(1, { maxWaitTimeInMs: 2_000 });
    const left = await decideDeadLetters(bus, PLAIN, meant, async () => 'remove', SILENCE_MS);
    assert.deepEqual(left, meant.slice(0, 1));
  });
});

test('the dead letters of sessions are decided like others', async (t) => {
  const bus = await openBus(t);
  const source = { name: 'sessions', from: { queue: 'sessions' } };
  for (const session of ['a', 'b']) await deadLetterAll(bus, source.from, numbered(2, session));
  const letters = await peeked(bus, source);

  await decideDeadLetters(bus, source, letters.map(numberOf), async ({ message }) =>
    message.aggregateId === 'a' ? 'remove' : 'leave',
  );

  assert.deepEqual(
    (await deadLettersOf(bus, source.from)).map(({ id }) => id),
    ['b-1', 'b-2'],
  );
});

test('a message behind more than a link can keep is reached', async (t) => {
  const bus = await openBus(t);
  const count = 2_200;
  for (let sent = 0; sent < count; sent += 550) {
    const messages = numbered(550).map((message, n) => ({ ...message, messageId: String(sent + n + 1) }));
    await deadLetterAll(bus, QUEUE, messages);
  }
  const letters = await peeked(bus);
  const [last] = letters.slice(-1);
  assert.ok(last);

  const left = await decideDeadLetters(bus, PLAIN, [numberOf(last)], async () => 'remove');

  assert.deepEqual([letters.length, left], [count, []]);
  const rest = await peeked(bus);
  assert.deepEqual(
    [rest.length, new Set(rest.map(({ message }) => message.deliveryCount))],
    [count - 1, new Set([1])],
  );
});

test('a dead-letter queue that is not there says what to do', async (t) => {
  const bus = await openBus(t);

  await assert.rejects(
    peeked(bus, { name: 'none', from: { queue: 'none' } }),
    /create the queue or subscription/,
  );
});
