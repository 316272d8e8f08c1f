import type { ServiceBusReceivedMessage, ServiceBusSessionReceiver } from '@azure/service-bus';
import type { Connection } from './connections.ts';
import { type InHand, settle } from './in-hand.ts';
import { RenewedLock } from './renewed-lock.ts';
import { SettlingLane } from './settling-lane.ts';
import { acceptNextSession, pull } from './source.ts';
import { within } from './within.ts';

/** How long the answer to a wait for a session may take when one is free or the wait is refused. */
const REFUSES_WITHIN_MS = 1_000;
/** On a connection that is lost the SDK's close may take for ever. */
const CLOSES_WITHIN_MS = 5_000;
/** Of one session at once: figures in docs/decisions/receiving.md. */
const BATCH = 32;

export interface SessionLimits {
  /** How long a session may be empty before another one is taken. */
  readonly emptyMs: number;
  /** After so many messages another session has its turn. */
  readonly messagesPerTurn: number;
}

/** Takes session after session, and handles the messages of each in their order, one at a time. Until `stopping`; never rejects. */
export async function receiveSessions(hand: InHand, limits: SessionLimits): Promise<void> {
  const { reception, stopping } = hand;
  while (!stopping.aborted) {
    await reception.ready();
    let connection: Connection | undefined;
    try {
      connection = await reception.connections.take();
      const session = await accept(connection, hand);
      await hand.during(receiveSession(session, connection, hand, limits));
    } catch (error) {
      await reception.failed(error, connection);
    } finally {
      if (connection) reception.connections.done(connection);
    }
  }
}

async function accept(connection: Connection, { reception }: InHand): Promise<ServiceBusSessionReceiver> {
  // A wait that is not refused by now goes on, and receives as soon as there is something.
  const waits = setTimeout(() => reception.idle(connection), REFUSES_WITHIN_MS);
  try {
    return await acceptNextSession(connection.client, reception.source);
  } finally {
    clearTimeout(waits);
  }
}

async function receiveSession(
  session: ServiceBusSessionReceiver,
  connection: Connection,
  hand: InHand,
  { emptyMs, messagesPerTurn }: SessionLimits,
): Promise<void> {
  const { reception, stopping } = hand;
  const lane = new SettlingLane();
  const lock = new RenewedLock(session.sessionLockedUntilUtc, () => session.renewSessionLock());
  const forget = hand.remember(lock);
  const goesOn = () => !stopping.aborted && !lock.lost.aborted && !reception.isPaused;
  try {
    let most = 1; // mostly there is no second one, and a batch that stays short costs a moment
    for (let left = messagesPerTurn; left > 0 && goesOn(); ) {
      const batch = await pull(session, Math.min(most, left), emptyMs);
      if (batch.length === 0) break;
      for (const message of batch) {
        if (!goesOn()) break;
        await receiveOne(message);
      }
      left -= batch.length;
      most = batch.length < most ? 1 : Math.min(most * 4, BATCH);
    }
    await lane.idle();
  } finally {
    lock.end();
    forget();
    // What is locked in it and not settled is free again, and does not count as delivered.
    await within(CLOSES_WITHIN_MS, session.close());
  }

  async function receiveOne(message: ServiceBusReceivedMessage): Promise<void> {
    const settlement = await hand.handle(message, lock.lost);
    if (settlement.kind === 'release') {
      reception.pauseFor(settlement.afterMs);
      return;
    }
    const settled = settle(session, lane, message, settlement).catch((error: unknown) =>
      hand.notSettled(error, connection),
    );
    if (settlement.kind !== 'complete') await settled;
  }
}
