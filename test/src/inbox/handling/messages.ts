import { randomUUIDv7 } from 'node:crypto';
import { Type } from '@sinclair/typebox';
import { type ConsumedEvents, consumes } from '../../../../src/inbox/handling/consumed-event.ts';
import type { ReceivedMessage } from '../../../../src/inbox/received-message.ts';
import type { Receptor } from '../../../../src/receptors/receptor.ts';

/** The event of these tests: a number has to be counted. */
export const COUNTED = 'Counted';
export const Counted = Type.Object({
  n: Type.Integer(),
  of: Type.Optional(Type.Array(Type.Object({ at: Type.String({ minLength: 1 }) }))),
});

/** The command that it becomes. */
export const COUNT = 'Count';

export const events: ConsumedEvents<{ [COUNT]: Receptor<number, number> }> = {
  [COUNTED]: consumes(Counted, ({ n }) => ({ type: COUNT, body: n })),
};

let sent = 0n;

/** As it came from the broker, each behind the one before. */
export function counted(n: unknown, message: Partial<ReceivedMessage> = {}): ReceivedMessage {
  return {
    messageId: randomUUIDv7(),
    type: COUNTED,
    body: Buffer.from(JSON.stringify({ n })),
    aggregateId: 'a',
    aggregateVersion: undefined,
    correlationId: undefined,
    userId: undefined,
    metadata: {},
    trace: undefined,
    deliveryCount: 1,
    sequenceNumber: ++sent,
    enqueuedAt: new Date(),
    ...message,
  };
}
