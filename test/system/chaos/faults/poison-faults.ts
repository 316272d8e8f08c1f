import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type FaultKind, type Stage, succeeds } from './fault.ts';

/** More than the Standard tier takes in one message. */
const TOO_LARGE = JSON.stringify({ text: 'x'.repeat(300_000) });
const NEXT_EVENT_MS = 300;

export const poisonFaults = {
  poisonRow: {
    label: 'message that no broker takes',
    weight: 1,
    durationMs: [1_000, 5_000],
    victim: () => 'poison',
    excusesRepeats: true, // a batch with it is refused as a whole and goes again
    async run(stage, { durationMs }) {
      const aggregateId = `poisoned-${randomUUID()}`;
      const poison = randomUUID();
      stage.poison.add(poison);
      await publish(stage, randomUUID(), aggregateId, '{"before": true}');
      const bit = await publish(stage, poison, aggregateId, TOO_LARGE);
      const end = performance.now() + durationMs;
      for (let n = 1; performance.now() < end; n++) {
        await publish(stage, randomUUID(), aggregateId, `{"after": ${n}}`);
        await sleep(NEXT_EVENT_MS);
      }
      return { bit };
    },
  },
} satisfies Record<string, FaultKind>;

/** One plain INSERT; where PostgreSQL is away there is no event, or one that was not confirmed, which the witness knows. */
function publish({ rig }: Stage, messageId: string, aggregateId: string, body: string): Promise<boolean> {
  const sql =
    'INSERT INTO outbox (message_id, message_type, message_body, aggregate_id) VALUES ($1, $2, $3, $4)';
  return succeeds(rig.db.query(sql, [messageId, 'Noted', body, aggregateId]));
}
