import type pg from 'pg';
import { ApiError } from '../api-error.ts';
import type { Connections } from '../db/connections.ts';
import { orderLocked } from '../orders/order.ts';
import { type Limits, shareOf } from './limits.ts';
import type { Refusals } from './refusals.ts';
import { type Denial, Semaphore } from './semaphore.ts';

/** What neither reading nor writing takes from the other. */
const MOST = 7 / 8;
/** Of the connections, for all that changes orders, and so may wait for their locks. */
const CHANGES = 1 / 2;
/** Of the connections, and of the requests in flight, for one order. */
const ONE_ORDER = 1 / 4;

/**
 * Lends the connections of a pool so that nobody takes those of all others: reading, writing, all changes of orders and each order
 * have a share of their own. Connecting throws OVERLOADED when none becomes free in time, ORDER_LOCKED when the order's own do
 * not, and DATABASE_UNAVAILABLE when nobody gives one back at all.
 */
export class ConnectionGate {
  readonly reading: Connections;
  readonly writing: Connections;
  readonly #pool: Connections;
  readonly #limits: Limits;
  readonly #refusals: Refusals;
  readonly #all: Semaphore;
  readonly #reads: Semaphore;
  readonly #changes: Semaphore;
  readonly #writes: Semaphore;
  readonly #orders = new Map<string, Semaphore>();

  constructor(pool: Connections, limits: Limits, refusals: Refusals) {
    const { poolSize, maxInFlight } = limits;
    this.#pool = pool;
    this.#limits = limits;
    this.#refusals = refusals;
    this.#all = new Semaphore(poolSize, maxInFlight);
    const most = shareOf(poolSize, MOST);
    this.#reads = new Semaphore(most, maxInFlight);
    this.#writes = new Semaphore(most, maxInFlight);
    this.#changes = new Semaphore(shareOf(poolSize, CHANGES), shareOf(maxInFlight, CHANGES));
    this.reading = { connect: () => this.#connect([this.#reads, this.#all]) };
    this.writing = { connect: () => this.#connect([this.#writes, this.#all]) };
  }

  /** Connections that are lent. */
  get inUse(): number {
    return this.#all.inUse;
  }

  /** Requests that wait for one. */
  get waiting(): number {
    const stages = [this.#all, this.#reads, this.#writes, this.#changes, ...this.#orders.values()];
    return stages.reduce((sum, { waiting }) => sum + waiting, 0);
  }

  /** For what changes this order: more than a few do not wait for its lock with a connection, nor many without. */
  changing(orderId: string): Connections {
    return { connect: () => this.#connectFor(orderId) };
  }

  async #connectFor(orderId: string): Promise<pg.PoolClient> {
    const { poolSize, maxInFlight } = this.#limits;
    const order =
      this.#orders.get(orderId) ??
      new Semaphore(shareOf(poolSize, ONE_ORDER), shareOf(maxInFlight, ONE_ORDER));
    this.#orders.set(orderId, order);
    if (await order.acquire(this.#limits.waitMs)) throw orderLocked();
    const done = () => {
      order.release();
      if (order.inUse === 0) this.#orders.delete(orderId);
    };
    try {
      return releasing(await this.#connect([this.#changes, this.#writes, this.#all]), done);
    } catch (error) {
      done();
      throw error;
    }
  }

  async #connect(stages: readonly Semaphore[]): Promise<pg.PoolClient> {
    const deadline = performance.now() + this.#limits.waitMs;
    const passed: Semaphore[] = [];
    const done = () => {
      for (const stage of passed) stage.release();
    };
    try {
      for (const stage of stages) {
        const acquired = stage.acquire(deadline - performance.now());
        const denial = acquired instanceof Promise ? await acquired : acquired;
        if (denial) throw this.#refusal(denial);
        passed.push(stage);
      }
      return releasing(await this.#pool.connect(), done);
    } catch (error) {
      done();
      throw error;
    }
  }

  #refusal(denial: Denial): ApiError {
    return denial === 'stuck'
      ? new ApiError('DATABASE_UNAVAILABLE', 'No connection was given back while a request waited for one')
      : this.#refusals.refuse('connection-wait');
  }
}

/** The pool gives a client a new `release` each time that it lends it. */
function releasing(client: pg.PoolClient, done: () => void): pg.PoolClient {
  const release = client.release.bind(client);
  client.release = (error) => {
    release(error);
    done();
  };
  return client;
}
