import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { freePort } from '../../../dev/free-port.ts';
import type { ManagedProcess } from '../../../dev/managed-process.ts';
import { tutorialOrder } from '../../support/orders.ts';
import type { TestStack } from '../../support/stack.ts';

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Record<string, unknown>;
}

/** The system under test, as one customer sees it. */
export class Customer {
  readonly id = `cust-${randomUUID()}`;
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  create(quantity: number, key?: string): Promise<Answer> {
    const items = [{ productId: 'prod-1', quantity, unitPrice: 19.99 }];
    return this.#world.request('POST', '/api/orders', {
      body: { ...tutorialOrder(), customerId: this.id, items },
      headers: key === undefined ? {} : { 'idempotency-key': key },
    });
  }

  cancel(orderId: string, headers: Record<string, string>): Promise<Answer> {
    return this.#world.request('POST', `/api/orders/${orderId}/cancel`, {
      body: { reason: 'model' },
      headers,
    });
  }

  read(orderId: string, headers: Record<string, string> = {}): Promise<Answer> {
    return this.#world.request('GET', `/api/orders/${orderId}`, { headers });
  }

  list(limit: number, cursor?: string): Promise<Answer> {
    const query = new URLSearchParams({
      customerId: this.id,
      limit: String(limit),
      ...(cursor && { cursor }),
    });
    return this.#world.request('GET', `/api/orders?${query.toString()}`);
  }

  killApi(): Promise<void> {
    return this.#world.killApi();
  }
}

/** An api process that may be killed, on a database that it shares with others. */
export class World {
  readonly #url: string;
  readonly #start: () => ManagedProcess;
  #api: ManagedProcess;
  requests = 0;

  static async open(stack: TestStack): Promise<World> {
    const port = await freePort();
    const start = () => stack.startApi({ PORT: String(port) });
    const world = new World(`http://127.0.0.1:${port}`, start);
    await world.ready();
    return world;
  }

  private constructor(url: string, start: () => ManagedProcess) {
    this.#url = url;
    this.#start = start;
    this.#api = start();
  }

  ready(): Promise<void> {
    return this.#api.ready(`${this.#url}/health/ready`);
  }

  async request(
    method: string,
    path: string,
    options: { body?: unknown; headers?: Record<string, string> } = {},
  ): Promise<Answer> {
    this.requests++;
    const response = await fetch(`${this.#url}${path}`, {
      method,
      headers: {
        ...(options.body !== undefined && { 'content-type': 'application/json' }),
        ...options.headers,
      },
      ...(options.body !== undefined && { body: JSON.stringify(options.body) }),
    });
    const text = await response.text();
    assert.ok(response.status < 500, `${method} ${path}: ${response.status} ${text}`);
    return {
      status: response.status,
      headers: response.headers,
      body: text === '' ? {} : (JSON.parse(text) as Record<string, unknown>),
    };
  }

  async killApi(): Promise<void> {
    await this.#api.stop('SIGKILL');
    this.#api = this.#start();
    await this.ready();
  }
}
