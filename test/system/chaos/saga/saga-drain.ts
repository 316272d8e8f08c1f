import { setTimeout as sleep } from 'node:timers/promises';
import { CONSUMERS } from './evidence.ts';
import { unpublished } from './faults/saga-stage.ts';
import type { SagaRig } from './saga-rig.ts';

/** Waits until nothing waits to be published or received; returns what does, if nothing has moved for so long. */
export async function drainSaga(rig: SagaRig, stuckAfterMs: number): Promise<string | undefined> {
  let last = '';
  let changedAt = performance.now();
  for (let quiet = 0; quiet < 2; ) {
    const rows = await unpublished(rig);
    const empty = await Promise.all(
      CONSUMERS.map((consumer) => rig.bus.isEmpty(consumer).catch(() => false)),
    );
    const waiting = CONSUMERS.filter((_, n) => !empty[n]).map(({ name }) => name);
    const now = `${rows} ${waiting.join()} ${rig.broker.journalBytes} ${await handledCount(rig)}`;
    if (now !== last) changedAt = performance.now();
    last = now;
    if (performance.now() - changedAt > stuckAfterMs)
      return `${rows} rows of outboxes wait, and messages at ${waiting.join(', ') || 'nobody'}, without a change for ${stuckAfterMs / 1_000} s`;
    // What was just received may have another event in its transaction.
    quiet = rows === 0 && waiting.length === 0 ? quiet + 1 : 0;
    await sleep(300);
  }
  return undefined;
}

async function handledCount({ db }: SagaRig): Promise<number> {
  const counts = await Promise.all(
    Object.values(db).map(async (pool) => {
      const { rows } = await pool.query<{ count: number }>('SELECT count(*)::int AS count FROM inbox');
      return rows[0]?.count ?? 0;
    }),
  );
  return counts.reduce((sum, count) => sum + count, 0);
}
