import type { RelayLimits } from '../../../../relay/session/relay-limits.ts';
import { CheckedPromises } from './checked-promises.ts';
import { randomLimits } from './random-limits.ts';
import { Schedule } from './schedule.ts';
import { SeededRandom } from './seeded-random.ts';
import { SimulatedBroker } from './simulated-broker.ts';
import { SimulatedPostgres } from './simulated-postgres.ts';

const ORDERS = ['A', 'B', 'C', 'D'];
const DESTINATIONS = ['orders', 'lifecycle'];

/** All that is around a relay, the same for the same seed, and what is promised about it. */
export class Surroundings {
  readonly random: SeededRandom;
  readonly limits: RelayLimits;
  readonly maxBatchBytes: number;
  readonly broker: SimulatedBroker;
  readonly schedule: Schedule;
  readonly postgres: SimulatedPostgres;
  readonly promises: CheckedPromises;
  /** In half of the histories there is one alone. */
  readonly destinations: readonly string[];
  /** The one that takes nothing now. */
  away: string | undefined;
  #healed = false;

  constructor(seed: number) {
    const random = new SeededRandom(seed);
    this.random = random;
    this.limits = randomLimits(random);
    this.maxBatchBytes = random.chance(0.3) ? 1_500 : 100_000;
    this.broker = new SimulatedBroker(random);
    this.schedule = new Schedule(random);
    this.destinations = DESTINATIONS.slice(0, random.chance(0.5) ? 1 : 2);
    this.postgres = new SimulatedPostgres(random, ORDERS, this.destinations);
    this.promises = new CheckedPromises(this.postgres, this.broker, this.limits);
  }

  /** One step of one writer. */
  write(): void {
    const transaction = this.postgres.write(this.schedule.now);
    if (transaction) this.broker.committed(transaction);
  }

  /** An operator looks after a message that is parked, or after all of them. */
  release(how: 'retry' | 'drop'): void {
    const { parked } = this.postgres;
    if (parked.length === 0) return;
    const rows = this.random.chance(0.3) ? parked : [this.random.pick(parked)];
    if (how === 'drop') this.broker.excuse(rows);
    this.broker.committed(this.postgres.release(rows, how, this.schedule.now));
  }

  /** A destination takes nothing from here on, or all are there again. */
  turnAway(): void {
    this.away = this.away === undefined ? this.random.pick(this.destinations) : undefined;
  }

  /** Whether a call fails that fails so often. */
  trouble(probability: number): boolean {
    return !this.#healed && this.random.chance(probability);
  }

  /** The writers come to their ends, and nothing fails any more but what the broker refuses. */
  heal(): void {
    this.#healed = true;
    this.away = undefined;
    this.postgres.unlockRows();
    for (const transaction of this.postgres.commitAll(this.schedule.now)) this.broker.committed(transaction);
  }
}
