import type { Arrival } from './broker.ts';
import type { FaultRecord } from './fault-driver.ts';
import type { Committed } from './witness.ts';

/**
 * For each fault that bit: from the kill, or from when it was healed, until the next event that was committed after that
 * had been accepted; in milliseconds, by kind.
 */
export function recoveryTimes(
  faults: readonly FaultRecord[],
  committed: readonly Committed[],
  arrivals: readonly Arrival[],
): Map<string, number[]> {
  const acceptedAt = new Map<string, number>();
  for (const { messageId, at } of arrivals) if (!acceptedAt.has(messageId)) acceptedAt.set(messageId, at);
  const times = new Map<string, number[]>();
  for (const { kind, brokenAt, bit } of faults) {
    if (!bit) continue;
    let recoveredAt = Number.POSITIVE_INFINITY;
    for (const { messageId, committedAt } of committed) {
      if (committedAt < brokenAt) continue;
      if (committedAt > recoveredAt) break;
      recoveredAt = Math.min(recoveredAt, acceptedAt.get(messageId) ?? Number.POSITIVE_INFINITY);
    }
    if (recoveredAt < Number.POSITIVE_INFINITY) {
      times.set(kind, [...(times.get(kind) ?? []), recoveredAt - brokenAt]);
    }
  }
  return times;
}
