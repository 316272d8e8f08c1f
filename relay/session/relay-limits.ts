import type { PublisherLimits } from '../publishing/publisher.ts';
import type { BacklogLimits } from './backlog.ts';

/** How much is under way at once. */
export interface RelayLimits extends BacklogLimits, Omit<PublisherLimits, 'maxBatchBytes'> {
  readonly maxBatchCount: number;
  /** A destination that takes nothing for so long does not hold up what the others could take. */
  readonly stuckAfterMs: number;
  readonly markCount: number;
  readonly markAfterMs: number;
}

export const DEFAULT_LIMITS = {
  maxBatchCount: 250,
  // Enough for what is in flight, about to go, being marked and being gathered; more would only take memory.
  maxUnsettled: 8_000,
  maxUnsettledBytes: 10 * 1024 * 1024,
  stuckAfterMs: 30_000,
  markCount: 2_000,
  markAfterMs: 50,
};

/** The relay's own limits with those of this publisher that do not change. */
export function limitsFor(publisher: PublisherLimits): RelayLimits {
  return { ...publisher, ...DEFAULT_LIMITS };
}
