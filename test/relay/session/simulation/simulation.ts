import { BrokenPromise } from './broken-promise.ts';
import { type OpenState, SimulatedRelay } from './simulated-relay.ts';
import { Surroundings } from './surroundings.ts';

const STEPS = 250;
const WEIGHTS = {
  write: 40,
  deliver: 30,
  wait: 30,
  keepalive: 8,
  status: 8,
  writeElsewhere: 5,
  checkpoint: 3,
  stopRelay: 1.5,
  crashRelay: 1,
  crashPostgres: 0.5,
  loseSlot: 0.3,
  retryParked: 2,
  dropParked: 0.5,
  lockRow: 1,
  turnAway: 1,
};

/**
 * Plays the writers, PostgreSQL, the broker and the relay's process around one RelayState after the other, by chance but the
 * same for the same seed, and checks each promise at each step: `play` throws BrokenPromise.
 */
export class Simulation {
  readonly #surroundings: Surroundings;
  readonly #relay: SimulatedRelay;
  readonly #actions: Readonly<Record<keyof typeof WEIGHTS, () => void>>;

  /** `heldWhen`: later is a relay that reads what is held after the snapshot of the slot, which is wrong. */
  constructor(seed: number, openState: OpenState, heldWhen: 'snapshot' | 'later' = 'snapshot') {
    const surroundings = new Surroundings(seed);
    this.#surroundings = surroundings;
    this.#relay = new SimulatedRelay(surroundings, openState, heldWhen);
    this.#actions = actions(surroundings, this.#relay);
  }

  play(): void {
    const { random, postgres, broker, promises, destinations } = this.#surroundings;
    for (let step = 0; step < STEPS; step++) this.#actions[random.weighted(WEIGHTS)]();

    const [, away] = destinations;
    if (away !== undefined) {
      this.#surroundings.away = away;
      this.#relay.sendAllBut(away);
    }
    this.#surroundings.heal();
    this.#relay.comeToRest();
    // What the broker refuses can be parked again; its refusals come to an end.
    while (postgres.parked.length > 0) {
      this.#surroundings.release('retry');
      this.#relay.comeToRest();
    }
    promises.mustBeComplete();

    const { stored } = broker;
    this.#relay.restart();
    this.#relay.comeToRest();
    if (broker.stored > stored) throw new BrokenPromise('With all settled, a restart sent something');
  }
}

function actions(
  surroundings: Surroundings,
  relay: SimulatedRelay,
): Readonly<Record<keyof typeof WEIGHTS, () => void>> {
  const { random, schedule, postgres } = surroundings;
  return {
    write: () => surroundings.write(),
    deliver: () => relay.deliver(1 + random.below(8)),
    wait: () => void relay.wait(),
    keepalive: () => relay.keepalive(),
    status: () => relay.confirm(),
    writeElsewhere: () => postgres.writeElsewhere(),
    checkpoint: () => postgres.checkpoint(),
    stopRelay: () => relay.restart(),
    crashRelay: () => relay.crash(),
    crashPostgres: () => {
      postgres.crash(schedule.now);
      relay.restart(); // it loses the stream, settles what is in flight, and comes again
    },
    loseSlot: () => {
      postgres.slot = undefined;
      relay.crash();
    },
    retryParked: () => surroundings.release('retry'),
    dropParked: () => surroundings.release('drop'),
    turnAway: () => surroundings.turnAway(),
    lockRow: () => postgres.lockRow(schedule.now + random.below(4_000)),
  };
}
