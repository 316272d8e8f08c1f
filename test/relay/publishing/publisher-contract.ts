import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import type { OutboxMessage } from '../../../relay/outbox/outbox-message.ts';
import { PublishError } from '../../../relay/publishing/publish-error.ts';
import type { Publisher } from '../../../relay/publishing/publisher.ts';
import { sendMessages } from '../../support/send-messages.ts';
import { outboxMessage } from '../outbox/outbox-messages.ts';

/** Beside the usual one, `orders`. */
export const OTHER_DESTINATION = 'log';

/** busy: it refuses a send. lost: it takes a send, and its answer never comes. missing: there is nothing to send to. unreachable: nobody listens. */
export type Trouble = 'busy' | 'lost' | 'missing' | 'unreachable';

export interface BrokerUnderTest {
  readonly publisher: Publisher;
  /** What the broker has, in the order in which it came, repeats too. */
  readonly accepted: () => readonly (Pick<OutboxMessage, 'messageId' | 'body'> & { readonly at: string })[];
  /** Whatever is asked of the broker, or of this destination, meets this from here on; returns what ends it. */
  readonly cause: (trouble: Trouble, destination?: string) => () => void;
}

/** What the relay relies on, whichever broker it is. `open` registers with `t` what closes the broker and the publisher. */
export function publisherContract(name: string, open: (t: TestContext) => Promise<BrokerUnderTest>): void {
  describe(`the contract of publishers, kept by ${name}`, () => {
    test('a batch is accepted as a whole, in its order, with ids and bytes as they are', async (t) => {
      const { publisher, accepted } = await open(t);
      const batch = ['1', '2', '3'].map((id) =>
        outboxMessage(id, 'A', { body: Buffer.from(`{"n":  ${id}}`) }),
      );

      await sendMessages(publisher, batch);

      assert.deepEqual(
        accepted().map(({ messageId, body }) => [messageId, String(body)]),
        batch.map(({ messageId, body }) => [messageId, String(body)]),
      );
    });

    test('a batch that is full is accepted', async (t) => {
      const { publisher, accepted } = await open(t);
      await publisher.connect('orders');
      const batch: OutboxMessage[] = [];
      for (let bytes = 0; ; ) {
        const message = outboxMessage(`m${batch.length}`, 'A', { body: Buffer.alloc(5_000, '1') });
        bytes += publisher.prepare(message).bytes;
        if (bytes > publisher.limits.maxBatchBytes) break;
        batch.push(message);
      }

      await sendMessages(publisher, batch);

      assert.ok(batch.length > 20, `${batch.length} messages`);
      assert.equal(accepted().length, batch.length);
    });

    test('a message that is too large is poison, nothing is accepted, and the next one passes', async (t) => {
      const { publisher, accepted } = await open(t);
      const large = outboxMessage('large', 'A', { body: Buffer.alloc(2 * 1024 * 1024, '1') });

      const error = await rejection(sendMessages(publisher, [large]));
      await sendMessages(publisher, [outboxMessage('small', 'B')]);

      assert.deepEqual([error.kind, error.outcomeUnknown], ['poison', false]);
      assert.deepEqual(
        accepted().map(({ messageId }) => messageId),
        ['small'],
      );
    });

    test('a broker that is busy takes nothing, and says for how long to leave it alone', async (t) => {
      const { publisher, accepted, cause } = await open(t);
      await publisher.connect('orders');
      const heal = cause('busy');

      const error = await rejection(sendMessages(publisher, [outboxMessage('1')]));
      heal();
      await sendMessages(publisher, [outboxMessage('2')]);

      assert.deepEqual(
        [error.kind, error.outcomeUnknown, error.retryAfterMs > 0],
        ['transient', false, true],
      );
      assert.deepEqual(
        accepted().map(({ messageId }) => messageId),
        ['2'],
      );
    });

    test('an answer that is lost leaves the outcome unknown, and the next send passes', async (t) => {
      const { publisher, accepted, cause } = await open(t);
      await publisher.connect('orders');
      const heal = cause('lost');

      const error = await rejection(sendMessages(publisher, [outboxMessage('1')]));
      heal();
      await sendMessages(publisher, [outboxMessage('2')]);

      assert.deepEqual([error.kind, error.outcomeUnknown], ['transient', true]);
      assert.deepEqual(
        accepted().map(({ messageId }) => messageId),
        ['1', '2'],
      );
    });

    test('a destination that is missing is for a person to mend, and afterwards it takes what is sent', async (t) => {
      const { publisher, accepted, cause } = await open(t);
      const heal = cause('missing');

      const error = await rejection(sendMessages(publisher, [outboxMessage('1')]));
      heal();
      await sendMessages(publisher, [outboxMessage('1')]);

      assert.deepEqual([error.kind, error.outcomeUnknown], ['operator', false]);
      assert.equal(accepted().length, 1);
    });

    test('whether it can be reached is found out by connecting anew, for a send and for nothing else', async (t) => {
      const { publisher, accepted, cause } = await open(t);
      await publisher.connect('orders');
      const heal = cause('unreachable');

      const errors = [
        await rejection(publisher.connect('orders', true)),
        await rejection(sendMessages(publisher, [outboxMessage('1')])),
      ];
      heal();
      await publisher.connect('orders', true);
      await sendMessages(publisher, [outboxMessage('2')]);

      for (const { code, outcomeUnknown, kind } of errors) {
        assert.deepEqual([code, outcomeUnknown, kind], ['BROKER_UNREACHABLE', false, 'transient']);
      }
      assert.deepEqual(
        accepted().map(({ messageId }) => messageId),
        ['2'],
      );
    });

    const forOther = (id: string) => outboxMessage(id, 'A', { destination: OTHER_DESTINATION });

    test('a message goes to the destination of its row, or to the usual one', async (t) => {
      const { publisher, accepted } = await open(t);
      assert.equal(publisher.destinations[0], 'orders');
      const [usual, other] = [outboxMessage('1', 'A'), forOther('2')].map((each) => publisher.prepare(each));
      assert.ok(usual && other);

      await publisher.send([usual]);
      await publisher.send([other]);

      assert.deepEqual([usual.destination, other.destination], ['orders', OTHER_DESTINATION]);
      assert.deepEqual(
        accepted().map(({ messageId, at }) => [messageId, at]),
        [
          ['1', 'orders'],
          ['2', OTHER_DESTINATION],
        ],
      );
    });

    for (const trouble of ['busy', 'lost', 'missing'] as const) {
      test(`what is ${trouble} at one destination is no matter to another`, async (t) => {
        const { publisher, accepted, cause } = await open(t);
        for (const destination of ['orders', OTHER_DESTINATION]) await publisher.connect(destination);
        const heal = cause(trouble, OTHER_DESTINATION);

        const failed = rejection(sendMessages(publisher, [forOther('1')]));
        await sendMessages(publisher, [outboxMessage('2')]);
        await failed;
        await sendMessages(publisher, [outboxMessage('3')]);
        heal();
        await sendMessages(publisher, [forOther('4')]);

        const ids = accepted().map(({ messageId }) => messageId);
        assert.deepEqual(
          ids.filter((id) => id !== '1'),
          ['2', '3', '4'],
        );
      });
    }

    test('it is closed twice, also when it was never opened', async (t) => {
      const { publisher } = await open(t);
      await publisher.close();

      await publisher.close();
    });
  });
}

async function rejection(work: Promise<void>): Promise<PublishError> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof PublishError, `rejected with ${String(error)}`);
  return error;
}
