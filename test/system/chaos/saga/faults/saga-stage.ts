import type { FaultKind } from '../../faults/fault.ts';
import type { OrderClients } from '../../order-clients.ts';
import type { DeadLetter } from '../evidence.ts';
import type { InboxNode, SagaRig } from '../saga-rig.ts';

/** Where the faults of the saga happen. */
export interface SagaStage {
  readonly rig: SagaRig;
  readonly clients: OrderClients;
  /** Messages that nobody can handle. */
  readonly planted: DeadLetter[];
}

export type SagaFault = FaultKind<SagaStage>;

/** One of them: the seed has decided which. */
export function oneOf<T>(list: readonly T[], dice: number): T {
  return list[Math.floor(dice * list.length)] as T;
}

/** How many messages an inbox is handling; some, when it does not answer. */
export async function inHand({ url }: InboxNode): Promise<number> {
  try {
    const answer = await fetch(`${url}/status`, { signal: AbortSignal.timeout(1_000) });
    const { consumers } = (await answer.json()) as { consumers: Record<string, { inHand: number }> };
    return Object.values(consumers).reduce((sum, each) => sum + each.inHand, 0);
  } catch {
    return 1; // it is being started, or held up by another fault
  }
}

/** How many rows of all outboxes wait to be published; some, when PostgreSQL cannot be asked. */
export async function unpublished({ db }: SagaRig): Promise<number> {
  const asked = Object.values(db).map(async (pool) => {
    const { rows } = await pool.query<{ count: number }>(
      'SELECT count(*)::int AS count FROM outbox WHERE processed_at IS NULL',
    );
    return rows[0]?.count ?? 0;
  });
  return Promise.all(asked).then(
    (counts) => counts.reduce((sum, count) => sum + count, 0),
    () => 1,
  );
}
