import type { Arrival } from './broker.ts';
import type { HistoryLine } from './history.ts';
import type { Violation } from './violation.ts';
import type { Committed } from './witness.ts';

const AROUND_MS = 2_000;
const TOLD = 3;

/** What happened around the first few violations: their messages, and the faults and processes of that time. */
export function timelineOf(
  violations: readonly Violation[],
  history: readonly HistoryLine[],
  committed: readonly Committed[],
  arrivals: readonly Arrival[],
): string[] {
  const byId = new Map(committed.map((event) => [event.messageId, event]));
  return violations.slice(0, TOLD).flatMap(({ kind, id, detail }) => {
    const message = byId.get(id);
    const aggregate = message?.aggregateId;
    const isOwn = (messageId: string) =>
      messageId === id || (aggregate !== undefined && byId.get(messageId)?.aggregateId === aggregate);
    const own = [
      ...committed
        .filter(({ messageId }) => isOwn(messageId))
        .map((event) => ({
          at: event.committedAt,
          what: `committed ${event.messageType} ${event.messageId}`,
        })),
      ...arrivals
        .filter(({ messageId }) => isOwn(messageId))
        .map(({ at, messageId, subject }) => ({ at, what: `accepted ${subject} ${messageId}` })),
      ...history
        .filter(({ key, orderId }) => key === id || (orderId !== undefined && orderId === aggregate))
        .map(({ at, what, ...rest }) => ({ at, what: `${what} ${JSON.stringify(rest)}` })),
    ].filter(({ at }) => !message || Math.abs(at - message.committedAt) < 30_000);
    const times = own.map(({ at }) => at);
    const from = Math.min(...times) - AROUND_MS;
    const to = Math.max(...times) + AROUND_MS;
    const around = history
      .filter(({ at, what }) => at >= from && at <= to && /fault|started|ended/.test(what))
      .map(({ at, what, ...rest }) => ({ at, what: `${what} ${JSON.stringify(rest)}` }));
    const lines = [...own, ...around].sort((a, b) => a.at - b.at).slice(0, 60);
    return [
      `${kind}: ${id} ${detail}`,
      ...lines.map(({ at, what }) => `  ${new Date(at).toISOString()} ${what}`),
    ];
  });
}
