/** What a session tells people of itself. */
export interface SessionFigures {
  /** Sends refused in a row, by one destination. */
  readonly failures: number;
  /** The destinations that refuse what they are sent, each with its refusals in a row. */
  readonly away: ReadonlyMap<string, number>;
  /** The broker refuses batches of messages that it takes one by one. */
  readonly sendsSingly: boolean;
  /** Batches that the broker has not answered yet. */
  readonly sendsInFlight: number;
  /** Rows that cannot be marked because another session has locked them. */
  readonly lockedRows: number;
  /** Orders that wait behind a parked message. */
  readonly parkedOrders: number;
}

export const NO_FIGURES: SessionFigures = {
  failures: 0,
  away: new Map(),
  sendsSingly: false,
  sendsInFlight: 0,
  lockedRows: 0,
  parkedOrders: 0,
};
