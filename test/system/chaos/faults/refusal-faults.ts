import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { retryMessage } from '../../../../relay/admin/outbox-admin.ts';
import { OUTBOX } from '../../../support/outbox-table.ts';
import { until } from '../../../support/until.ts';
import { SLOT } from '../rig.ts';
import { type FaultKind, publish, type Stage, succeeds } from './fault.ts';
import { dropSlot } from './slot-faults.ts';

const NEXT_EVENT_MS = 300;
const ORDERS = 20;
const PARKED_WITHIN_MS = 15_000;
const NEXT_RETRY_MS = 20;

// A message that the broker refuses for a while, and all others not.
export const refusalFaults = {
  refusedMessage: {
    label: 'message refused for an unknown reason',
    weight: 2,
    durationMs: [3_000, 30_000],
    victim: () => 'refused message',
    excusesRepeats: false,
    ofOneOrder: true,
    async run(stage, { durationMs }) {
      const type = `Refused-${randomUUID()}`;
      const aggregateId = `refused-${randomUUID()}`;
      stage.troubled.add(aggregateId);
      const heal = await stage.rig.broker.inject({ kind: 'refused', subject: type });
      await publish(stage, { type, aggregateId });
      const end = performance.now() + durationMs;
      for (let n = 1; performance.now() < end; n++) {
        await publish(stage, { aggregateId, body: `{"after": ${n}}` });
        await sleep(NEXT_EVENT_MS);
      }
      return { bit: await heal() };
    },
  },
  // What is parked when the slot is made is sent on an operator's word, which may come before that is read.
  retriedWhileSlotIsMade: {
    label: 'parked messages retried while the slot is made',
    weight: 2,
    durationMs: [0, 0],
    victim: () => 'postgres',
    excusesRepeats: true,
    async run(stage) {
      const type = `Parked-${randomUUID()}`;
      const heal = await stage.rig.broker.inject({ kind: 'sizeExceeded', subject: type });
      const parked = await publishOrders(stage, type);
      await heal();
      const dropped = await dropSlot(stage);
      const retried: boolean[] = [];
      for (const [n, messageId] of parked.entries()) {
        if (n === ORDERS / 4) await untilMade(stage);
        retried.push(await succeeds(retryMessage(stage.rig.db, OUTBOX, messageId)));
        await sleep(NEXT_RETRY_MS);
      }
      return { bit: dropped.bit && retried.includes(true) };
    },
  },
} satisfies Record<string, FaultKind>;

/** Some are retried before the snapshot of the new slot, and most right after. */
async function untilMade({ rig }: Stage): Promise<void> {
  const isMade = 'SELECT FROM pg_replication_slots WHERE slot_name = $1 AND confirmed_flush_lsn IS NOT NULL';
  const look = async () => (await rig.db.query(isMade, [SLOT])).rowCount;
  await until('the slot is made', look, PARKED_WITHIN_MS).catch(() => undefined); // then they are retried before it is
}

/** The first message of each of some orders is refused; returns those that are parked, with two others behind each. */
async function publishOrders(stage: Stage, type: string): Promise<string[]> {
  const messageIds: string[] = [];
  for (let n = 0; n < ORDERS; n++) {
    const messageId = randomUUID();
    const aggregateId = `parked-${messageId}`;
    stage.troubled.add(aggregateId);
    messageIds.push(messageId);
    await publish(stage, { messageId, type, aggregateId });
    for (const body of ['{"after": 1}', '{"after": 2}']) await publish(stage, { aggregateId, body });
  }
  const parked = async () => {
    const { rowCount } = await stage.rig.db.query(
      `SELECT FROM outbox WHERE message_id = ANY ($1) AND parked_at IS NOT NULL`,
      [messageIds],
    );
    return rowCount === ORDERS;
  };
  await until('they are parked', parked, PARKED_WITHIN_MS).catch(() => undefined); // some are, or PostgreSQL is away
  return messageIds;
}
