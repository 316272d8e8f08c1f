import type { WholeArrival } from '../broker.ts';
import { checkEvents } from '../checker.ts';
import type { PlacedOrder } from '../order-clients.ts';
import type { Violation } from '../violation.ts';
import { checkEffects } from './effect-checker.ts';
import { type SagaEvidence, SERVICES } from './evidence.ts';
import { checkOrderStates } from './order-state-checker.ts';
import { checkPlacedOrders } from './placed-order-checker.ts';
import { checkStock } from './stock-checker.ts';

/** Holds a run of the saga to everything that is promised of it. Pure. */
export function judgeSaga(
  evidence: SagaEvidence,
  arrivals: readonly WholeArrival[],
  placed: readonly PlacedOrder[],
): Violation[] {
  return [
    ...checkEffects(evidence),
    ...checkOrderStates(evidence),
    ...checkStock(evidence),
    ...checkPlacedOrders(placed, evidence.orders),
    ...checkTopics(evidence, arrivals),
    ...checkVersions(evidence),
  ];
}

/** What each service committed is what the broker has of it, in order. Repeats are part of the game. */
function checkTopics({ emitted }: SagaEvidence, arrivals: readonly WholeArrival[]): Violation[] {
  const ids = new Set(emitted.map(({ messageId }) => messageId));
  return SERVICES.flatMap((service) => {
    const committed = emitted
      .filter((event) => event.service === service)
      .map(({ messageId, type, aggregateId, body, createdAt }) => ({
        messageId,
        messageType: type,
        aggregateId,
        body,
        committedAt: createdAt,
      }));
    return checkEvents({
      committed,
      // The rig's own are nobody's events.
      arrivals: arrivals.filter(({ entity, messageId }) => entity === service && ids.has(messageId)),
      poison: new Set(),
      held: new Set(),
      faultSpans: [{ from: 0, to: Number.POSITIVE_INFINITY }],
    }).violations;
  });
}

/** A message says which version of its aggregate it has made. */
function checkVersions({ emitted, sent }: SagaEvidence): Violation[] {
  const versions = new Map(emitted.map(({ messageId, version }) => [messageId, version]));
  return sent
    .filter(({ messageId, version }) => versions.has(messageId) && versions.get(messageId) !== version)
    .map(({ messageId, version }) => ({
      kind: 'altered',
      id: messageId,
      detail: `committed as version ${versions.get(messageId)} and accepted as ${version}`,
    }));
}
