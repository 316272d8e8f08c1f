import type { Arrival } from './broker.ts';
import type { Violation } from './violation.ts';
import type { Committed } from './witness.ts';

export interface DelayEvidence {
  readonly committed: readonly Committed[];
  readonly arrivals: readonly Arrival[];
  /** Orders of which some message was refused on purpose. */
  readonly troubled: ReadonlySet<string>;
  /** Spans of time in which something went wrong that concerns all orders; epoch milliseconds. */
  readonly disturbances: readonly { readonly from: number; readonly to: number }[];
}

const HELD_UP_MS = 15_000;

/** What is wrong with one order delays no other: without a disturbance, every event of the others is soon accepted. Pure. */
export function checkDelays({ committed, arrivals, troubled, disturbances }: DelayEvidence): Violation[] {
  const acceptedAt = new Map<string, number>();
  for (const { messageId, at } of arrivals) if (!acceptedAt.has(messageId)) acceptedAt.set(messageId, at);
  return committed.flatMap(({ messageId, aggregateId, committedAt }): Violation[] => {
    const at = acceptedAt.get(messageId);
    const ms = (at ?? committedAt) - committedAt;
    if (at === undefined || ms <= HELD_UP_MS || (aggregateId !== undefined && troubled.has(aggregateId)))
      return [];
    if (disturbances.some(({ from, to }) => from <= at && to >= committedAt)) return [];
    return [{ kind: 'held up', id: messageId, detail: `was accepted ${ms} ms after its commit` }];
  });
}
