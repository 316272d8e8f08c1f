import type { Action } from '../../../../relay/session/action.ts';
import type { Redrive } from '../../../../relay/session/parked-orders.ts';
import type { Pending } from '../../../../relay/session/pending.ts';
import { outboxMessage } from '../../outbox/outbox-messages.ts';
import { BrokenPromise } from './broken-promise.ts';
import { sendBatch } from './send-batch.ts';
import { SimulatedMark } from './simulated-mark.ts';
import type { Row } from './simulated-row.ts';
import type { SimulatedSession } from './simulated-session.ts';
import type { Surroundings } from './surroundings.ts';

/** Begins what the state asks for; what comes of it is reported to the state later. */
export function performAction(surroundings: Surroundings, session: SimulatedSession, action: Action): void {
  switch (action.kind) {
    case 'verify':
      verify(surroundings, session, action.messages);
      break;
    case 'send':
      sendBatch(surroundings, session, action.batch);
      break;
    case 'mark':
      new SimulatedMark(surroundings, session, action.mark).begin();
      break;
    case 'read':
      read(surroundings, session, action.redrives);
      break;
  }
}

function verify(
  { schedule, postgres }: Surroundings,
  session: SimulatedSession,
  messages: readonly Pending[],
): void {
  const ids = messages.map(({ message }) => message.messageId);
  schedule.later('relay', () => {
    const { settled } = postgres.look(ids, schedule.now);
    schedule.later('relay', () => {
      session.unsettled -= settled.size;
      session.state.verified(messages, settled);
    });
  });
}

function read(
  { random, schedule, postgres, broker }: Surroundings,
  session: SimulatedSession,
  redrives: readonly Redrive[],
): void {
  const asked = redrives.map(({ target }) => {
    const isMeant = ({ id, order }: Row) =>
      'aggregateId' in target ? order === target.aggregateId : id === target.messageId;
    const row = [...postgres.rows.values()].find(isMeant);
    if (!row) throw new BrokenPromise('Nobody has asked for what it reads');
    return row;
  });
  schedule.later('relay', () => {
    const limit = 1 + random.below(4);
    const orders = asked.map((row) => postgres.readOrder(row, limit, schedule.now));
    schedule.later('relay', () => {
      for (const [at, { rows, ...what }] of orders.entries()) {
        const messages = rows.map(({ id, order, destination }) => outboxMessage(id, order, { destination }));
        const refusedBefore = new Set(rows.filter((row) => broker.hasDeclined(row)).map(({ id }) => id));
        session.state.read(redrives[at] as Redrive, { ...what, messages, refusedBefore }, schedule.now);
      }
    });
  });
}
