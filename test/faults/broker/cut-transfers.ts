import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { TestContext } from 'node:test';
import type { LocalServiceBus } from '../../../dev/service-bus/service-bus.ts';
import type { OutboxMessage } from '../../../relay/outbox/outbox-message.ts';
import { ServiceBusPublisher } from '../../../relay/publishing/service-bus/service-bus-publisher.ts';
import { createLogger } from '../../../src/core/log.ts';
import { cleanup } from '../../support/cleanup.ts';
import { createBus } from '../../support/relay.ts';
import { sendMessages } from '../../support/send-messages.ts';
import { openTcpProxy } from '../../support/tcp-proxy.ts';

const BATCH = 3;
const MARK = 'first of its batch';

/** Sends a batch uncut and returns how many bytes the transfer took on the wire. */
export async function measureTransfer(t: TestContext): Promise<number> {
  const bus = await createBus(t);
  let length = 0;
  const publisher = await openPublisher(t, bus, (data) => {
    if (data.includes(MARK)) length = data.length;
    return undefined;
  });
  await sendMessages(publisher, batch());
  assert.ok(length > BATCH * MARK.length);
  return length;
}

/**
 * For each of the lengths: a batch whose transfer is cut after so many bytes, sent again after that. Holds that the cut one is
 * stored as a whole or not at all, and that all is there in order once it was sent again. All at once: each waits ten seconds.
 */
export async function sendCutAfter(t: TestContext, lengths: readonly number[]): Promise<void> {
  const bus = await createBus(t);
  const stored = (messages: readonly OutboxMessage[]) => {
    const ids = new Set(messages.map(({ messageId }) => messageId));
    const entries = bus.journal.entries().filter(({ messageId }) => ids.has(messageId ?? ''));
    return entries.map(({ messageId }) => messageId);
  };
  await Promise.all(
    lengths.map(async (length) => {
      let cut = false;
      const publisher = await openPublisher(t, bus, (data) => {
        if (cut || !data.includes(MARK)) return undefined;
        cut = true;
        return data.subarray(0, length);
      });
      const messages = batch();
      const ids = messages.map(({ messageId }) => messageId);

      await assert.rejects(sendMessages(publisher, messages));
      assert.ok(cut);
      const first = stored(messages);
      assert.deepEqual(first, first.length === 0 ? [] : ids, `cut after ${length} bytes`);
      await sendMessages(publisher, messages);

      assert.deepEqual(stored(messages), [...first, ...ids], `cut after ${length} bytes, and sent again`);
    }),
  );
}

/** Through a network of its own, on which `cut` sees what is sent, and may let through less, as the last there is. */
async function openPublisher(
  t: TestContext,
  bus: LocalServiceBus,
  cut: (data: Buffer) => Buffer | undefined,
): Promise<ServiceBusPublisher> {
  const proxy = await openTcpProxy(t, bus.port);
  proxy.onClientData = (data, { client, server }) => {
    const last = cut(data);
    if (!last) return;
    server.end(last);
    client.destroy();
  };
  const connectionString = bus.connectionString.replace(String(bus.port), String(proxy.port));
  const log = createLogger({ level: 'silent', service: 'test' });
  const publisher = new ServiceBusPublisher({ connectionString, entity: 'orders', sessions: false }, log);
  cleanup(t, () => publisher.close());
  return publisher;
}

function batch(): OutboxMessage[] {
  return Array.from({ length: BATCH }, (_, n) => ({
    messageId: randomUUID(),
    messageType: 'Cut',
    body: Buffer.from(JSON.stringify({ n, text: n === 0 ? MARK : '' })),
    aggregateId: 'o1',
    aggregateVersion: undefined,
    correlationId: undefined,
    causationId: undefined,
    userId: undefined,
    metadata: undefined,
    traceparent: undefined,
    tracestate: undefined,
    destination: undefined,
  }));
}
