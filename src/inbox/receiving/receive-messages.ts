import type { ServiceBusReceivedMessage, ServiceBusReceiver } from '@azure/service-bus';
import { pause } from '../../core/pause.ts';
import type { Settlement } from '../settlement.ts';
import { answeredWithin } from './answered-within.ts';
import type { Connection } from './connections.ts';
import { type InHand, SETTLES_WITHIN_MS, settle } from './in-hand.ts';
import { RenewedLock } from './renewed-lock.ts';
import { SettlingLane } from './settling-lane.ts';
import { createReceiver, pull } from './source.ts';

export interface MessageLimits {
  /** How many are handled at once. No others are locked. */
  readonly concurrency: number;
  /** How long one wait for messages takes, which a stop waits for: a wait that is broken off may lose what comes. */
  readonly waitMs: number;
}

/** How long a free place waits for others. */
const GATHERS_MS = 5;

/** Receives without sessions: what is there, so many at once, in no order. Until `stopping`; never rejects. */
export async function receiveMessages(hand: InHand, limits: MessageLimits): Promise<void> {
  const { reception, stopping } = hand;
  while (!stopping.aborted) {
    await reception.ready();
    let connection: Connection | undefined;
    try {
      connection = await reception.connections.take();
      await hand.during(new MessageReceiver(connection, hand, limits).run());
    } catch (error) {
      await reception.failed(error, connection);
    } finally {
      if (connection) reception.connections.done(connection);
    }
  }
}

/** One receiver on one connection, and what it has in hand. */
class MessageReceiver {
  readonly #connection: Connection;
  readonly #hand: InHand;
  readonly #limits: MessageLimits;
  readonly #receiver: ServiceBusReceiver;
  readonly #lane = new SettlingLane();
  #free: number;
  #onFree: () => void = () => undefined;
  readonly #ran = Promise.withResolvers<void>();

  constructor(connection: Connection, hand: InHand, limits: MessageLimits) {
    this.#connection = connection;
    this.#hand = hand;
    this.#limits = limits;
    this.#receiver = createReceiver(connection.client, hand.reception.source);
    this.#free = limits.concurrency;
  }

  /** Until it is stopping or the connection is retired. Rejects when nothing can be received. */
  async run(): Promise<void> {
    try {
      await this.#run();
    } finally {
      this.#ran.resolve();
    }
  }

  async #run(): Promise<void> {
    const { reception, stopping } = this.#hand;
    for (;;) {
      await reception.ready();
      await this.#untilFree();
      if (stopping.aborted || this.#connection.isRetired) return;
      if (reception.isPaused) continue;
      const batch = await pull(this.#receiver, this.#free, this.#limits.waitMs);
      for (const message of batch) this.#take(message);
      if (batch.length === 0) await reception.silent(this.#connection);
    }
  }

  /** Resolves when half of the places are free, or one is for a moment: to pull one message costs as much as to pull many. */
  #untilFree(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    let timer: NodeJS.Timeout | undefined;
    this.#onFree = () => {
      if (this.#free * 2 >= this.#limits.concurrency) resolve();
      else if (this.#free > 0) timer ??= setTimeout(resolve, GATHERS_MS);
    };
    this.#onFree();
    return promise.finally(() => {
      clearTimeout(timer);
      this.#onFree = () => undefined;
    });
  }

  #take(message: ServiceBusReceivedMessage): void {
    const { connections } = this.#hand.reception;
    this.#free--;
    connections.share(this.#connection);
    void this.#hand.during(this.#receive(message)).finally(() => connections.done(this.#connection));
  }

  /** Never rejects. */
  async #receive(message: ServiceBusReceivedMessage): Promise<void> {
    const lock = new RenewedLock(message.lockedUntilUtc ?? new Date(), () =>
      this.#receiver.renewMessageLock(message),
    );
    const forget = this.#hand.remember(lock);
    const settlement = await this.#handle(message, lock.lost);
    // Its answer is not waited for by those that come next.
    this.#free++;
    this.#onFree();
    try {
      await this.#settle(message, settlement);
    } catch (error) {
      await this.#hand.notSettled(error, this.#connection);
    } finally {
      lock.end();
      forget();
    }
  }

  /** Released ones stay here, locked, since a message that is given back counts as delivered. */
  async #handle(message: ServiceBusReceivedMessage, lost: AbortSignal): Promise<Settlement> {
    const { reception, stopping } = this.#hand;
    for (;;) {
      const settlement = await this.#hand.handle(message, lost);
      if (settlement.kind !== 'release') return settlement;
      const ended = AbortSignal.any([lost, stopping]);
      reception.pauseFor(settlement.afterMs);
      await pause(settlement.afterMs, ended);
      if (ended.aborted) return settlement;
    }
  }

  async #settle(message: ServiceBusReceivedMessage, settlement: Settlement): Promise<void> {
    if (settlement.kind !== 'release') {
      await settle(this.#receiver, this.#lane, message, settlement);
    } else if (this.#hand.stopping.aborted) {
      // Another process may have it at once; not this one, which may still wait for messages.
      await this.#ran.promise;
      await this.#lane.settleAlone(() =>
        answeredWithin(SETTLES_WITHIN_MS, this.#receiver.abandonMessage(message)),
      );
    }
  }
}
