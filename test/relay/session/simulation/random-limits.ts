import type { RelayLimits } from '../../../../relay/session/relay-limits.ts';
import type { SeededRandom } from './seeded-random.ts';

/** Limits so narrow that a short history runs into them. */
export function randomLimits(random: SeededRandom): RelayLimits {
  return {
    oneOrderPerBatch: random.chance(0.3),
    maxInFlight: 1 + random.below(4),
    maxBytesSinceOldest: 8 * 1024 * 1024,
    maxBatchCount: 1 + random.below(6),
    maxUnsettled: 3 + random.below(30),
    maxUnsettledBytes: random.chance(0.3) ? 5_000 : 1_000_000,
    stuckAfterMs: random.below(500),
    markCount: 1 + random.below(8),
    markAfterMs: random.below(50),
  };
}
