import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Lsn, maxLsn } from '../../../relay/lsn.ts';
import type { OrderRows } from '../../../relay/outbox/order-rows.ts';
import type { OutboxMessage } from '../../../relay/outbox/outbox-message.ts';
import type { Transaction } from '../../../relay/session/ack-tracker.ts';
import type { Mark, Marked } from '../../../relay/session/mark.ts';
import type { Redrive } from '../../../relay/session/parked-orders.ts';
import type { Pending } from '../../../relay/session/pending.ts';
import { RelayState, type RelayStateOptions } from '../../../relay/session/relay-state.ts';
import type { Refusal } from '../../../relay/session/send-queue.ts';
import { firstBroken } from './simulation/first-broken.ts';
import type { OpenState } from './simulation/simulated-relay.ts';
import { Simulation } from './simulation/simulation.ts';

const SEEDS = 10_000;
// A failing seed is named by the test; this replays it alone.
const ONLY_SEED = process.env['SIMULATION_SEED'];

test('through crashes, restarts and refusals nothing is lost, skipped or overtaken', () => {
  const openState: OpenState = (options) => new RelayState(options);
  if (ONLY_SEED !== undefined) return new Simulation(Number(ONLY_SEED), openState).play();

  assert.equal(firstBroken(SEEDS, openState), undefined);
});

class AcknowledgesOnReceipt extends RelayState {
  #received: Lsn = 0n;

  override commit(endLsn: Lsn): void {
    super.commit(endLsn);
    this.#received = endLsn;
  }

  override get storedLsn(): Lsn {
    return this.#received;
  }
}

class AcknowledgesOneTooFar extends RelayState {
  override get storedLsn(): Lsn {
    return super.storedLsn + 1n;
  }
}

class TakesAnyKeepaliveForSettled extends RelayState {
  #told: Lsn = 0n;

  override keepalive(lsn: Lsn): void {
    super.keepalive(lsn);
    this.#told = lsn;
  }

  override get handledLsn(): Lsn {
    return maxLsn(this.#told, super.handledLsn);
  }
}

class KeepsNoOrder extends RelayState {
  override insert(message: OutboxMessage): void {
    super.insert({ ...message, aggregateId: undefined });
  }
}

class KeepsOrderWithinADestinationAlone extends RelayState {
  override insert(message: OutboxMessage): void {
    const { aggregateId, destination } = message;
    super.insert({ ...message, aggregateId: aggregateId && `${aggregateId} for ${destination}` });
  }
}

class HoldsUpAllForADestinationThatIsAway extends RelayState {
  constructor(options: RelayStateOptions) {
    super({ ...options, limits: { ...options.limits, stuckAfterMs: Number.POSITIVE_INFINITY } });
  }
}

class TakesARefusalForAcceptance extends RelayState {
  override rejected(batch: readonly Pending[], _refusal: Refusal, now: number): number {
    this.accepted(batch, now);
    return now;
  }
}

class GoesOnAfterAParkedMessage extends RelayState {
  constructor(options: RelayStateOptions) {
    super({ ...options, parkedOrders: [] });
  }
}

class DoesNotHearTheOperator extends RelayState {
  override redrive(): void {
    // nothing
  }
}

class ReadsBeforeTheOperatorCanBeSeen extends RelayState {
  override read(redrive: Redrive, rows: OrderRows, now: number): void {
    super.read(redrive, { ...rows, isVisible: () => true }, now);
  }
}

class SkipsWhatBeganEarlier extends RelayState {
  #highest = 0;
  #skipping = false;

  override begin(commitLsn: Lsn, xid: number): Transaction {
    this.#skipping = xid !== 0 && xid < this.#highest;
    this.#highest = Math.max(this.#highest, xid);
    return super.begin(commitLsn, xid);
  }

  override insert(message: OutboxMessage): void {
    if (!this.#skipping) super.insert(message);
  }
}

class TakesEveryRowForMarked extends RelayState {
  override marked(mark: Mark, outcome: Marked, now: number): void {
    super.marked(mark, { ...outcome, again: [] }, now);
  }
}

class DoesNotAskTheTable extends RelayState {
  override verified(messages: readonly Pending[]): void {
    super.verified(messages, new Set());
  }
}

class ForgetsToWake extends RelayState {
  override wakeAt(): undefined {
    return undefined;
  }
}

const FAULTS: [typeof RelayState, RegExp][] = [
  [AcknowledgesOnReceipt, /was confirmed while m\d+ is not settled/],
  [AcknowledgesOneTooFar, /was confirmed while m\d+ is not settled/],
  [TakesAnyKeepaliveForSettled, /was told to be handled while m\d+ is not settled/],
  [KeepsOrderWithinADestinationAlone, /overtook|in flight already/],
  [HoldsUpAllForADestinationThatIsAway, /is away, and holds up the others/],
  [KeepsNoOrder, /overtook|in flight already/],
  [TakesARefusalForAcceptance, /is not settled|overtook|unsettled, not|was never sent/],
  [GoesOnAfterAParkedMessage, /overtook/],
  [DoesNotHearTheOperator, /was never sent|overtook/],
  [ReadsBeforeTheOperatorCanBeSeen, /was never sent|overtook/],
  [SkipsWhatBeganEarlier, /is not settled|overtook|unsettled, not/],
  [TakesEveryRowForMarked, /is not settled|overtook|unsettled, not/],
  [DoesNotAskTheTable, /came again|unsettled, not/],
  [ForgetsToWake, /waits? for nothing/],
];

test('the simulation catches a relay that reads what is held after the snapshot of its slot', () => {
  const openState: OpenState = (options) => new RelayState(options);
  const broken = firstBroken(2_000, openState, 'later');

  assert.match(broken ?? 'nothing was caught', /overtook/);
});

for (const [Faulty, broken] of FAULTS) {
  test(`the simulation catches a relay that ${inWords(Faulty.name)}`, () => {
    assert.match(firstBroken(300, (options) => new Faulty(options)) ?? 'nothing was caught', broken);
  });
}

function inWords(name: string): string {
  return name.replace(/\B[A-Z]/g, (letter) => ` ${letter}`).toLowerCase();
}
