import { setTimeout as sleep } from 'node:timers/promises';
import type { CreateOrder } from '../../../src/messages/create-order.ts';
import { SeededRandom } from '../../relay/session/simulation/seeded-random.ts';
import { tutorialOrder } from '../../support/orders.ts';
import { until } from '../../support/until.ts';
import type { History } from './history.ts';

/** What became of a request: `info` is a time-out or a 5xx, after which it may have been carried out or not. */
export type Outcome = 'ok' | 'fail' | 'info';

/** An order that a client has asked for. */
export interface PlacedOrder {
  /** Its Idempotency-Key; also its customer, so that two orders for one key are found. */
  readonly key: string;
  readonly request: CreateOrder;
  created: Outcome;
  orderId: string | undefined;
  /** Undefined: nobody asked for it. */
  cancelled: Outcome | undefined;
  /** The answer that it failed with. */
  refusal?: string;
}

export interface OrderClientsOptions {
  readonly urls: readonly string[];
  readonly seed: number;
  /** Orders a second; fewer when the system or the machine cannot. */
  readonly rate: number;
  readonly history: History;
  /** What is ordered. Default: a few of a thousand products, at any price. */
  readonly items?: (random: SeededRandom) => CreateOrder['items'];
  /** How many of them are cancelled. Default: 0.4. */
  readonly cancelledShare?: number;
  /** The longest that an order stands before it is. Default: not at all. */
  readonly cancelledAfterMs?: number;
}

/** As many as hang for a time-out while one of two networks is silent. */
const MAX_IN_FLIGHT = 400;
const TIMEOUT_MS = 5_000;

/** Places orders, cancels some of them, and asks again with the same key until it knows what became of each. */
export class OrderClients {
  readonly placed: PlacedOrder[] = [];
  readonly #options: OrderClientsOptions;
  readonly #random: SeededRandom;
  readonly #inFlight: number[];
  #working = 0;
  #pacing: Promise<void> | undefined;
  #stopped = false;
  #givingUp = false;

  constructor(options: OrderClientsOptions) {
    this.#options = options;
    this.#random = new SeededRandom(options.seed);
    this.#inFlight = options.urls.map(() => 0);
  }

  start(): void {
    this.#pacing = this.#pace();
  }

  /** Requests that wait for an answer from this api. */
  inFlightAt(api: number): number {
    return this.#inFlight[api] ?? 0;
  }

  /** Places no more orders, and waits until the outcome of every request is known; some are `info` after the deadline. */
  async stop(deadlineMs: number): Promise<void> {
    this.#stopped = true;
    await this.#pacing;
    const deadline = setTimeout(() => {
      this.#givingUp = true;
    }, deadlineMs);
    await until('every request has ended', () => this.#working === 0, deadlineMs + 10 * TIMEOUT_MS);
    clearTimeout(deadline);
  }

  async #pace(): Promise<void> {
    const { rate } = this.#options;
    let due = 0;
    for (let last = performance.now(); !this.#stopped; ) {
      await sleep(20);
      const now = performance.now();
      // What could not be placed is not made up for later: a machine that is busy gets fewer orders, no flood.
      due = Math.min(due + (rate * (now - last)) / 1_000, rate / 4 + 1);
      last = now;
      for (; due >= 1 && this.#working < MAX_IN_FLIGHT; due--) {
        this.#working++;
        void this.#placeOne().finally(() => this.#working--);
      }
    }
  }

  async #placeOne(): Promise<void> {
    const random = this.#random;
    const key = `key-${this.#options.seed}-${this.placed.length}`;
    const { items = anyItems, cancelledShare = 0.4, cancelledAfterMs = 0 } = this.#options;
    const request = { ...tutorialOrder(), customerId: key, items: items(random) };
    const order: PlacedOrder = { key, request, created: 'info', orderId: undefined, cancelled: undefined };
    this.placed.push(order);
    const cancels = random.chance(cancelledShare);
    const standsMs = cancels ? random.below(cancelledAfterMs) : 0;

    const created = await this.#ask('create', '/api/orders', key, request);
    const { outcome, answer } = created;
    order.created = outcome;
    if (outcome === 'fail') order.refusal = told(created);
    order.orderId = answer?.orderId;
    if (outcome !== 'ok' || !cancels) return;
    await sleep(standsMs);
    order.cancelled = 'info';
    const path = `/api/orders/${order.orderId}/cancel`;
    const cancel = await this.#ask('cancel', path, `${key}-cancel`, { reason: 'Ordered twice' });
    order.cancelled = cancel.outcome;
    if (cancel.outcome === 'fail') order.refusal = told(cancel);
  }

  /** Asks until the outcome is known, each time one of the apis. */
  async #ask(operation: string, path: string, key: string, body: object): Promise<Answered> {
    const { history } = this.#options;
    for (let attempt = 1; ; attempt++) {
      history.add(`${operation} begin`, { key, attempt });
      const answered = await this.#askOnce(path, key, body);
      const { outcome, status, answer } = answered;
      history.add(`${operation} ${outcome}`, {
        key,
        status,
        orderId: answer?.orderId,
        detail: answer?.detail,
      });
      if (answered.outcome !== 'info' || this.#givingUp) return answered;
      await sleep(100 + this.#random.below(Math.min(2_000, 200 * attempt)));
    }
  }

  async #askOnce(path: string, key: string, body: object): Promise<Answered> {
    const { urls } = this.#options;
    const api = this.#random.below(urls.length);
    this.#inFlight[api] = this.inFlightAt(api) + 1;
    try {
      const response = await fetch(`${urls[api]}${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'idempotency-key': key },
        body: JSON.stringify(body),
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      const answer = (await response.json()) as Answer;
      return { outcome: outcomeOf(response.status, answer), status: response.status, answer };
    } catch (error) {
      return { outcome: 'info', status: (error as Error).name };
    } finally {
      this.#inFlight[api] = this.inFlightAt(api) - 1;
    }
  }
}

function anyItems(random: SeededRandom): CreateOrder['items'] {
  return Array.from({ length: 1 + random.below(3) }, () => ({
    productId: `prod-${random.below(1_000)}`,
    quantity: 1 + random.below(5),
    unitPrice: random.below(100_000) / 100,
  }));
}

interface Answer {
  readonly orderId?: string;
  /** Of a problem. */
  readonly type?: string;
  readonly detail?: string;
}

interface Answered {
  readonly outcome: Outcome;
  readonly status: number | string;
  readonly answer?: Answer;
}

function told({ status, answer }: Answered): string {
  return `${status} ${answer?.detail ?? JSON.stringify(answer)}`;
}

function outcomeOf(status: number, { type = '' }: Answer): Outcome {
  if (status < 300) return 'ok';
  return status >= 500 || type.endsWith('idempotency-key-in-use') ? 'info' : 'fail';
}
