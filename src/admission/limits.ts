/** What bounds the requests that are worked on at a time. docs/decisions/overload.md has the figures. */
export interface Limits {
  /** Of all connections for requests. */
  readonly poolSize: number;
  /** Requests under /api that are worked on at a time; another is refused at once. */
  readonly maxInFlight: number;
  /** How long a request waits for a connection before it is refused. */
  readonly waitMs: number;
}

const IN_FLIGHT_PER_CONNECTION = 8;
/** As long as each of those before it may take with its connection for a request that waits to be served all the same. */
const MS_PER_TURN = 125;

/** The limits that follow from the size of the pool, and those that are given instead. */
export function limitsOf(
  poolSize: number,
  given: { readonly maxInFlight?: number | undefined; readonly waitMs?: number | undefined } = {},
): Limits {
  return {
    poolSize,
    maxInFlight: given.maxInFlight ?? IN_FLIGHT_PER_CONNECTION * poolSize,
    waitMs: given.waitMs ?? IN_FLIGHT_PER_CONNECTION * MS_PER_TURN,
  };
}

/** How much of it one kind of request may take: at least one, and never all if there is more than one. */
export function shareOf(whole: number, share: number): number {
  return Math.max(1, Math.min(whole - 1, Math.floor(whole * share)));
}
