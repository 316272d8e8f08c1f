import type { Arrival } from './broker.ts';
import type { Violation } from './violation.ts';
import type { Committed } from './witness.ts';

export interface EventEvidence {
  /** The truth, in commit order. */
  readonly committed: readonly Committed[];
  /** What the broker stored, in order. */
  readonly arrivals: readonly Arrival[];
  /** Messages that no broker would take, on purpose: they and what follows of their aggregate must be held back. */
  readonly poison: ReadonlySet<string>;
  /** Messages that the table says are held back. */
  readonly held: ReadonlySet<string>;
  /** Spans of time in which something went wrong that excuses a repeat; epoch milliseconds. */
  readonly faultSpans: readonly { readonly from: number; readonly to: number }[];
}

export interface Repeats {
  readonly count: number;
  /** The longest time from the first acceptance of a message to its last. */
  readonly oldestMs: number;
}

/** Compares what was committed with what the broker has. Pure. */
export function checkEvents(evidence: EventEvidence): { violations: Violation[]; repeats: Repeats } {
  const truth = new Map(evidence.committed.map((message) => [message.messageId, message]));
  const first = new Map<string, number>();
  const violations: Violation[] = [];
  let count = 0;
  let oldestMs = 0;
  for (const [at, arrival] of evidence.arrivals.entries()) {
    const { messageId } = arrival;
    const committed = truth.get(messageId);
    if (!committed)
      violations.push({ kind: 'phantom', id: messageId, detail: `${arrival.subject} ${arrival.body}` });
    else violations.push(...alterations(committed, arrival));
    const before = evidence.arrivals[first.get(messageId) ?? -1];
    if (!before) {
      first.set(messageId, at);
      continue;
    }
    count++;
    oldestMs = Math.max(oldestMs, arrival.at - before.at);
    const excused = evidence.faultSpans.some(({ from, to }) => from <= arrival.at && to >= before.at);
    const detail = `accepted ${new Date(before.at).toISOString()} and ${new Date(arrival.at).toISOString()}`;
    if (!excused) violations.push({ kind: 'repeated without a fault', id: messageId, detail });
  }
  const mustBeHeld = heldBack(evidence.committed, evidence.poison);
  violations.push(...lost(evidence.committed, first, mustBeHeld));
  violations.push(...reorderings(evidence.committed, first));
  violations.push(...wronglyHeld(evidence.held, mustBeHeld, first));
  return { violations, repeats: { count, oldestMs } };
}

function alterations(committed: Committed, arrival: Arrival): Violation[] {
  const { messageId, body, messageType, aggregateId } = committed;
  const session = arrival.sessionId;
  const differences = [
    body === arrival.body || `committed ${excerpt(body)} accepted ${excerpt(arrival.body)}`,
    messageType === arrival.subject || `committed as ${messageType} accepted as ${arrival.subject}`,
    session === undefined || session === (aggregateId ?? messageId) || `accepted in session ${session}`,
  ].filter((same) => same !== true);
  return differences.map((detail) => ({ kind: 'altered', id: messageId, detail: String(detail) }));
}

function lost(
  committed: readonly Committed[],
  first: ReadonlyMap<string, number>,
  mustBeHeld: ReadonlySet<string>,
): Violation[] {
  return committed
    .filter(({ messageId }) => !first.has(messageId) && !mustBeHeld.has(messageId))
    .map(({ messageId, messageType, aggregateId, committedAt }) => ({
      kind: 'lost',
      id: messageId,
      detail: `${messageType} of ${aggregateId} committed ${new Date(committedAt).toISOString()}`,
    }));
}

/** Of an aggregate, no message may have been accepted first after a later one was. */
function reorderings(committed: readonly Committed[], first: ReadonlyMap<string, number>): Violation[] {
  const latest = new Map<string, { at: number; messageId: string }>();
  const violations: Violation[] = [];
  for (const { messageId, aggregateId } of committed) {
    const at = first.get(messageId);
    if (aggregateId === undefined || at === undefined) continue;
    const before = latest.get(aggregateId);
    if (before && before.at > at) {
      const detail = `of ${aggregateId} was accepted before ${before.messageId}, which was committed earlier`;
      violations.push({ kind: 'reordered', id: messageId, detail });
    } else latest.set(aggregateId, { at, messageId });
  }
  return violations;
}

/** The poison messages and all later ones of their aggregates. */
function heldBack(committed: readonly Committed[], poison: ReadonlySet<string>): Set<string> {
  const held = new Set<string>();
  const aggregates = new Set<string>();
  for (const { messageId, aggregateId } of committed) {
    if (!poison.has(messageId) && !(aggregateId !== undefined && aggregates.has(aggregateId))) continue;
    held.add(messageId);
    if (aggregateId !== undefined) aggregates.add(aggregateId);
  }
  return held;
}

function wronglyHeld(
  held: ReadonlySet<string>,
  mustBeHeld: ReadonlySet<string>,
  first: ReadonlyMap<string, number>,
): Violation[] {
  const violation = (id: string, detail: string): Violation => ({ kind: 'held back', id, detail });
  return [
    ...[...held]
      .filter((id) => !mustBeHeld.has(id))
      .map((id) => violation(id, 'is held back without a reason')),
    ...[...mustBeHeld].filter((id) => !held.has(id)).map((id) => violation(id, 'is not held back')),
    ...[...mustBeHeld]
      .filter((id) => first.has(id))
      .map((id) => violation(id, 'was sent although it was to be held back')),
  ];
}

function excerpt(text: string): string {
  return text.length > 200 ? `${text.slice(0, 200)}...` : text;
}
