import type { Violation } from '../violation.ts';
import { CONSUMERS, type SagaEvidence } from './evidence.ts';

/** Each message that was sent has its effect at each of its consumers, once and in its turn, or is a dead letter that was planted. Pure. */
export function checkEffects(evidence: SagaEvidence): Violation[] {
  return [...lost(evidence), ...doubled(evidence), ...outOfOrder(evidence), ...deadLetters(evidence)];
}

const idOf = ({ consumer, messageId }: { readonly consumer: string; readonly messageId: string }) =>
  `${messageId} at ${consumer}`;

/** What is a dead letter, is told of as that alone. */
function lost({ sent, handled, deadLetters: dead, planted }: SagaEvidence): Violation[] {
  const known = new Set([...handled, ...dead, ...planted].map(idOf));
  const violations = new Map<string, Violation>();
  for (const { topic, messageId, type = '', aggregateId } of sent) {
    for (const { name } of CONSUMERS.filter((each) => each.topic === topic && each.types.includes(type))) {
      const id = idOf({ consumer: name, messageId });
      if (known.has(id)) continue;
      violations.set(id, { kind: 'effect lost', id, detail: `${type} of ${aggregateId} was never handled` });
    }
  }
  return [...violations.values()];
}

/** A message, and whatever else is the cause of something, causes one event at most, and one change of an order, in its own transaction. */
function doubled({ emitted, history, handled }: SagaEvidence): Violation[] {
  const violation = (id: string, detail: string): Violation => ({ kind: 'effect twice', id, detail });
  const events = Map.groupBy(
    emitted.filter(({ causationId }) => causationId !== undefined),
    ({ service, causationId }) => `${causationId} at ${service}`,
  );
  const changes = Map.groupBy(history, ({ causationId }) => `${causationId}`);
  const byId = Map.groupBy(handled, ({ messageId }) => messageId);
  return [
    ...[...events]
      .filter(([, { length }]) => length > 1)
      .map(([id, caused]) => violation(id, `caused ${caused.map(({ type }) => type).join(' and ')}`)),
    ...[...changes]
      .filter(([, { length }]) => length > 1)
      .map(([id, caused]) => violation(id, `changed an order ${caused.length} times`)),
    ...history
      .filter(({ causationId, xid }) => {
        const rows = byId.get(causationId ?? '');
        return rows && !rows.some((row) => row.xid === xid);
      })
      .map(({ orderId, causationId }) =>
        violation(`${causationId}`, `changed ${orderId} in another transaction than that of its inbox row`),
      ),
  ];
}

/** With sessions, what a sender sent of one aggregate is handled in the order of its versions. */
function outOfOrder({ emitted, handled, sessions }: SagaEvidence): Violation[] {
  if (!sessions) return [];
  const versions = new Map(emitted.map(({ messageId, version = 0 }) => [messageId, version]));
  const own = handled.filter(({ messageId }) => versions.has(messageId));
  return [...Map.groupBy(own, ({ consumer, aggregateId }) => `${aggregateId} at ${consumer}`)].flatMap(
    ([id, rows]) => {
      const told = rows
        .toSorted((one, other) => one.at - other.at)
        .map((row) => versions.get(row.messageId) ?? 0);
      const isRight = told.every((version, n) => version > (told[n - 1] ?? 0));
      return isRight
        ? []
        : [{ kind: 'handled out of order', id, detail: `versions ${told.join(', ')}` } as const];
    },
  );
}

function deadLetters({ deadLetters: dead, planted }: SagaEvidence): Violation[] {
  const wanted = new Set(planted.map(idOf));
  const found = new Set(dead.map(idOf));
  return [
    ...dead
      .filter((each) => !wanted.has(idOf(each)))
      .map(
        (each): Violation => ({
          kind: 'dead-lettered',
          id: idOf(each),
          detail: `although it could be handled: ${each.reason}`,
        }),
      ),
    ...[...wanted]
      .filter((id) => !found.has(id))
      .map(
        (id): Violation => ({ kind: 'dead letter missing', id, detail: 'could not be handled, and is gone' }),
      ),
  ];
}
