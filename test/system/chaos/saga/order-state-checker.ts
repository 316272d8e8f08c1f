import type { Violation } from '../violation.ts';
import { CONSUMERS, type EndedOrder, type Handled, type HistoryRow, type SagaEvidence } from './evidence.ts';
import { type Change, changesOf, type Told } from './order-model.ts';

/** In which the saga leaves no order. */
const UNDECIDED = 'Pending';

/** Every order has ended, in the state that follows from what it was told, with a version and an event for each change. Pure. */
export function checkOrderStates(evidence: SagaEvidence): Violation[] {
  const { orders, history, emitted, handled, sent } = evidence;
  const historyOf = Map.groupBy(history, ({ orderId }) => orderId);
  const handledOf = handledOfOrders(handled);
  const bodies = new Map(sent.map(({ messageId, body }) => [messageId, body]));
  const events = Map.groupBy(
    emitted.filter(({ service }) => service === 'orders'),
    ({ aggregateId }) => aggregateId,
  );
  return orders.flatMap((order) => {
    const { orderId: id, status, version } = order;
    const rows = (historyOf.get(id) ?? []).toSorted((one, other) => one.version - other.version);
    const messages = handledOf.get(id) ?? [];
    const byMessage = new Set(messages.map(({ messageId }) => messageId));
    const told: (Told & { at: number })[] = [
      ...messages.map(({ messageId, type, at }) => ({
        causationId: messageId,
        happening: type,
        words: `${type} ${bodies.get(messageId)}`,
        at,
      })),
      ...rows.filter(({ causationId = '' }) => !byMessage.has(causationId)).map(commandOf),
    ];
    const wanted = changesOf(told.toSorted((one, other) => one.at - other.at));
    const published = (events.get(id) ?? []).map((event) => `${event.version} ${event.type}`);
    return [
      ...unexplained(order, rows, wanted),
      ...gaps(id, published, ['1 OrderCreated', ...rows.map((row) => `${row.version} ${row.event}`)]),
      ...(status === UNDECIDED
        ? [{ kind: 'order stuck', id, detail: `${status}, version ${version}` } as const]
        : []),
    ];
  });
}

const commandOf = ({ causationId, event, at }: HistoryRow) => ({
  causationId,
  // No other command comes from anywhere else than an inbox.
  happening: event === 'OrderCancelled' ? 'CancelOrder' : `${event} by nobody`,
  words: `command ${causationId}`,
  at,
});

function unexplained(order: EndedOrder, rows: readonly HistoryRow[], wanted: readonly Change[]): Violation[] {
  const { orderId: id, status, version } = order;
  const told = (changes: readonly Change[]) =>
    changes.map((each) => `${each.version} ${each.event} ${each.status} by ${each.causationId}`).join(', ');
  const last = wanted.at(-1);
  const details = [
    told(rows) === told(wanted) || `its history is [${told(rows)}], and has to be [${told(wanted)}]`,
    (status === (last?.status ?? 'Pending') && version === wanted.length + 1) ||
      `it is ${status}, version ${version}, and has to be ${last?.status}, version ${wanted.length + 1}`,
  ].filter((right) => right !== true);
  return details.map((detail) => ({ kind: 'state unexplained', id, detail: String(detail) }));
}

function gaps(id: string, published: readonly string[], wanted: readonly string[]): Violation[] {
  if (published.join() === wanted.join()) return [];
  return [{ kind: 'version gap', id, detail: `has the events ${published.join()}, not ${wanted.join()}` }];
}

/** The messages that the order service has handled, by order. */
function handledOfOrders(handled: readonly Handled[]): Map<string | undefined, Handled[]> {
  const names = new Set(CONSUMERS.filter(({ service }) => service === 'orders').map(({ name }) => name));
  return Map.groupBy(
    handled.filter(({ consumer }) => names.has(consumer)),
    ({ aggregateId }) => aggregateId,
  );
}
