import type { Delivery, EventContext, Sender } from 'rhea';
import rhea from 'rhea';
import type { AmqpError } from './amqp-error.ts';
import { refusal } from './amqp-error.ts';
import type { WatchedLink } from './connection-watch.ts';
import { deliveredBytes } from './delivered-message.ts';
import { deliveryTag } from './lock-token.ts';
import type { QueueEntity, SessionOwner } from './queue-entity.ts';
import { answerAttach, answerDrainAlways, isDraining, sendableCount, settleSent } from './rhea-internals.ts';
import type { Settlement, SettleResult } from './stored-message.ts';

const settled = 1;

/** A link that a client receives on, from a queue, a subscription, one of its sessions or a dead-letter queue. */
export class OutgoingLink implements SessionOwner, WatchedLink {
  readonly right = 'Listen';
  readonly idleTimer = 'AmqpMessageConsumer';
  lastUsedAt: number;
  readonly #sender: Sender;
  readonly #entity: QueueEntity;
  readonly #sessionId: string | undefined;
  readonly #now: () => number;
  /** Who the session is locked for. */
  readonly #owner: SessionOwner;
  readonly #receiveAndDelete: boolean;
  /** The lock token of every delivery that is not settled. */
  readonly #tokens = new Map<number, string>();
  #open = true;
  #lastTag = 0;

  /** The attach is answered by whoever calls; a session link is given the session it holds. */
  constructor(
    sender: Sender,
    entity: QueueEntity,
    sessionId: string | undefined,
    now: () => number,
    owner?: SessionOwner,
  ) {
    this.#owner = owner ?? this;
    this.#sender = sender;
    this.#entity = entity;
    this.#sessionId = sessionId;
    this.#now = now;
    this.lastUsedAt = now();
    this.#receiveAndDelete = sender.snd_settle_mode === settled;
    answerAttach(sender, {
      snd_settle_mode: sender.snd_settle_mode,
      rcv_settle_mode: sender.rcv_settle_mode,
    });
    answerDrainAlways(sender);
    sender.on('sender_flow', () => this.#onFlow());
    sender.on('accepted', (context: EventContext) => this.#onOutcome(context, { kind: 'complete' }));
    sender.on('released', (context: EventContext) => this.#onOutcome(context, { kind: 'release' }));
    sender.on('modified', (context: EventContext) =>
      this.#onOutcome(context, modifiedSettlement(context.delivery)),
    );
    sender.on('rejected', (context: EventContext) =>
      this.#onOutcome(context, rejectedSettlement(context.delivery)),
    );
    entity.pump.add(this);
  }

  get path(): string {
    return this.#entity.path;
  }

  deliverNext(now: number): boolean {
    if (!this.#open || sendableCount(this.#sender) === 0) return false;
    if (!this.#deliver(now)) return false;
    this.lastUsedAt = now;
    return true;
  }

  sessionLockLost(error: AmqpError): void {
    this.#open = false;
    this.#entity.pump.remove(this);
    this.#sender.close({ ...error });
  }

  /** Nothing more is sent on it, and it stays open. */
  deafen(): void {
    this.#entity.pump.remove(this);
  }

  detach(error: AmqpError): void {
    this.close();
    this.#sender.close({ ...error });
  }

  /** The link or its connection has ended: locked messages stay locked until their time is over, a session is free. */
  close(): void {
    this.#open = false;
    this.#entity.pump.remove(this);
    if (this.#sessionId !== undefined) this.#entity.releaseSession(this.#sessionId, this.#owner);
  }

  #deliver(now: number): boolean {
    const { queue } = this.#entity;
    if (this.#receiveAndDelete) {
      const message = queue.take(now, this.#sessionId);
      if (message === undefined) return false;
      this.#sender.send(deliveredBytes(message), Buffer.from(String(++this.#lastTag)), 0);
      return true;
    }
    const message = queue.lock(now, this.#sessionId);
    if (message?.lockToken === undefined) return false;
    const bytes = deliveredBytes(message, this.#lockedUntil(message.lockToken, now));
    const delivery = this.#sender.send(bytes, deliveryTag(message.lockToken), 0);
    this.#tokens.set(delivery.id, message.lockToken);
    return true;
  }

  #lockedUntil(token: string, now: number): number | undefined {
    return this.#sessionId === undefined
      ? this.#entity.queue.lockedUntil(token, now)
      : this.#entity.sessions.lockedUntil(this.#sessionId, now);
  }

  #onFlow(): void {
    this.lastUsedAt = this.#now();
    this.#entity.pump.run();
    // After the messages: rhea writes those that are queued before the answer.
    if (isDraining(this.#sender)) this.#sender.set_drained(true);
  }

  #onOutcome({ delivery }: EventContext, settlement: Settlement): void {
    const token = delivery === undefined ? undefined : this.#tokens.get(delivery.id);
    if (delivery === undefined || token === undefined) return;
    this.#tokens.delete(delivery.id);
    this.lastUsedAt = this.#now();
    const state = this.#answer(this.#entity.queue.settle(token, settlement, this.lastUsedAt), settlement);
    // Not within rhea's own round through the outcomes, which it would begin anew.
    queueMicrotask(() => settleSent(delivery, state));
  }

  #answer(result: SettleResult, settlement: Settlement): unknown {
    switch (result) {
      case 'settled':
        return answerTo(settlement);
      case 'alreadyDead':
        return rejection(refusal.alreadyDead());
      case 'lockLost':
        return rejection(
          this.#sessionId === undefined
            ? refusal.messageLockLost()
            : refusal.sessionLockLost(this.#sessionId),
        );
    }
  }
}

interface OutcomeFields {
  readonly undeliverable_here?: boolean;
  readonly message_annotations?: Record<string, unknown>;
  readonly error?: { readonly info?: Record<string, unknown> };
}

/** Clients defer with `undeliverable_here`, and abandon without. */
function modifiedSettlement(delivery: Delivery | undefined): Settlement {
  const outcome: OutcomeFields = delivery?.remote_state ?? {};
  const properties = outcome.message_annotations ?? undefined;
  return { kind: outcome.undeliverable_here ? 'defer' : 'abandon', properties };
}

/** Dead-lettering: reason, description and properties to set come in the error's info. */
function rejectedSettlement(delivery: Delivery | undefined): Settlement {
  const outcome: OutcomeFields = delivery?.remote_state ?? {};
  const { DeadLetterReason, DeadLetterErrorDescription, ...properties } = outcome.error?.info ?? {};
  return {
    kind: 'deadLetter',
    reason: typeof DeadLetterReason === 'string' ? DeadLetterReason : undefined,
    description: typeof DeadLetterErrorDescription === 'string' ? DeadLetterErrorDescription : undefined,
    properties,
  };
}

// rhea's typings of `message` have the outcomes' predicates but not their constructors.
const outcomes = rhea.message as unknown as Record<
  'accepted' | 'rejected' | 'modified' | 'released',
  (fields?: object) => { described(): unknown }
>;

/** The same outcome without its content: an error in it would tell the SDK that settling has failed. */
function answerTo(settlement: Settlement): unknown {
  switch (settlement.kind) {
    case 'complete':
      return outcomes.accepted({}).described();
    case 'abandon':
    case 'defer':
      return outcomes.modified({}).described();
    case 'release':
      return outcomes.released({}).described();
    case 'deadLetter':
      return outcomes.rejected({}).described();
  }
}

function rejection(error: AmqpError): unknown {
  return outcomes.rejected({ error: { ...error } }).described();
}
