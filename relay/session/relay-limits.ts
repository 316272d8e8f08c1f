/** How much is under way at once. */
export interface RelayLimits {
  readonly sessions: boolean;
  readonly maxInFlight: number;
  readonly maxBatchCount: number;
  /** Beyond so many unsettled messages or bytes nothing more is read. */
  readonly maxUnsettled: number;
  readonly maxUnsettledBytes: number;
  readonly markCount: number;
  readonly markAfterMs: number;
}

export const DEFAULT_LIMITS: Omit<RelayLimits, 'sessions'> = {
  maxInFlight: 6,
  maxBatchCount: 250,
  // Enough for what is in flight, about to go, being marked and being gathered; more would only take memory.
  maxUnsettled: 8_000,
  maxUnsettledBytes: 10 * 1024 * 1024,
  markCount: 2_000,
  markAfterMs: 50,
};

/** With sessions a batch is what came of one order at once, mostly one message. */
const SESSIONS_IN_FLIGHT = 256;

export function limitsFor(sessions: boolean): RelayLimits {
  return { ...DEFAULT_LIMITS, sessions, ...(sessions && { maxInFlight: SESSIONS_IN_FLIGHT }) };
}
