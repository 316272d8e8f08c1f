import type { ObservedPublisher } from '../publishing/observed-publisher.ts';

/** How much WAL the slot may keep while the broker takes nothing. */
export interface WalLimit {
  readonly bytes: number;
  readonly ms: number;
  /** Only a broker that has taken nothing for so long counts as away; it may be busy and refuse some sends in a row. */
  readonly leastMs: number;
}

/** Why the slot is to be let go, or undefined. `awayForMs`: since when sends have failed without a success. */
export function exceededLimit(
  { name, awayForMs }: Pick<ObservedPublisher, 'name' | 'awayForMs'>,
  retainedBytes: number,
  limit: WalLimit,
): string | undefined {
  if (awayForMs === undefined || awayForMs < limit.leastMs) return undefined;
  if (awayForMs > limit.ms) {
    return `${name} has taken nothing for ${Math.round(awayForMs / 1000)} s (RELAY_WAL_LIMIT_MINUTES)`;
  }
  if (retainedBytes > limit.bytes) {
    return `${name} takes nothing, and the replication slot keeps ${retainedBytes} bytes of WAL (RELAY_WAL_LIMIT_MB)`;
  }
  return undefined;
}
