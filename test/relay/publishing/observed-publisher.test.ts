import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ObservedPublisher } from '../../../relay/publishing/observed-publisher.ts';

function observed() {
  let now = 0;
  let failure: { code: string } | undefined;
  const publisher = new ObservedPublisher(
    {
      maxBatchBytes: 1,
      connect: async () => undefined,
      close: async () => undefined,
      send: async () => {
        now += 10;
        if (failure) throw Object.assign(new Error(failure.code), failure);
      },
    },
    () => now,
  );
  const send = async (code?: string) => {
    failure = code === undefined ? undefined : { code };
    await publisher.send([]).catch(() => undefined); // what it rejects with has its own test
  };
  return { publisher, send };
}

test('the broker is away from the beginning of the first of the failures in a row', async () => {
  const { publisher, send } = observed();
  await send();
  assert.equal(publisher.awayForMs, undefined);

  await send('ServiceCommunicationProblem');
  await send('QuotaExceeded');
  assert.equal(publisher.awayForMs, 20);

  await send();
  assert.equal(publisher.awayForMs, undefined);
  await send('ServiceBusy');
  assert.equal(publisher.awayForMs, 10);
  publisher.forget();
  assert.equal(publisher.awayForMs, undefined);
});

test('a message that can never pass says nothing about the broker', async () => {
  const { publisher, send } = observed();

  await send('MessageSizeExceeded');
  assert.equal(publisher.awayForMs, undefined);
  await send('ServiceBusy');
  await send('MessageSizeExceeded');

  assert.equal(publisher.awayForMs, 20);
});

test('a failed send rejects with its own error', async () => {
  const error = new Error('refused');
  const send = () => Promise.reject(error);
  const parts = { maxBatchBytes: 7, connect: async () => undefined, close: async () => undefined, send };
  const publisher = new ObservedPublisher(parts, () => 0);

  await assert.rejects(publisher.send([]), error);
  assert.equal(publisher.maxBatchBytes, 7);
});
