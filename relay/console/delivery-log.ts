import type { Delivered, DeliveryObserver } from '../monitoring/delivery-observer.ts';
import { epochMs } from '../monitoring/epoch-clock.ts';
import { LatencyHistogram } from './latency-histogram.ts';

/** When a message was where: milliseconds since 1970. What is not known is undefined. */
export interface DeliveryTimes {
  readonly committedAt: number | undefined;
  readonly decodedAt: number | undefined;
  readonly sentAt: number;
  readonly acceptedAt: number;
}

/** A power of two. With the ids, a megabyte. */
const KEPT = 8_192;

/** Remembers the times of the last deliveries of this process, and counts how long they took from their commits. */
export class DeliveryLog implements DeliveryObserver {
  readonly #ids: string[] = Array.from({ length: KEPT }, () => '');
  readonly #committedAt = new Float64Array(KEPT);
  readonly #decodedAt = new Float64Array(KEPT);
  readonly #sentAt = new Float64Array(KEPT);
  readonly #acceptedAt = new Float64Array(KEPT);
  readonly #latency = new LatencyHistogram();
  #total = 0;

  accepted(batch: readonly Delivered[], sentAt: number): void {
    const now = epochMs();
    for (const { message, transaction } of batch) {
      const at = this.#total++ % KEPT;
      const { committedAt, decodedAt } = transaction;
      this.#ids[at] = message.messageId;
      this.#committedAt[at] = committedAt ?? Number.NaN;
      this.#decodedAt[at] = decodedAt ?? Number.NaN;
      this.#sentAt[at] = sentAt;
      this.#acceptedAt[at] = now;
      if (committedAt !== undefined) this.#latency.add(now - committedAt);
    }
  }

  /** The times of the last delivery of this message; undefined if it is not among the last ones. */
  find(messageId: string): DeliveryTimes | undefined {
    const last = this.#ids.lastIndexOf(messageId, (this.#total - 1) % KEPT);
    const at = last === -1 ? this.#ids.lastIndexOf(messageId) : last;
    if (at === -1) return undefined;
    return {
      committedAt: known(this.#committedAt[at]),
      decodedAt: known(this.#decodedAt[at]),
      sentAt: this.#sentAt[at] as number,
      acceptedAt: this.#acceptedAt[at] as number,
    };
  }

  /** From commit to accepted, in milliseconds; null where that is not known. */
  latencyOf(messageId: string): number | null {
    const times = this.find(messageId);
    return times?.committedAt === undefined ? null : Math.max(0, times.acceptedAt - times.committedAt);
  }

  /** The ids of the last `count` deliveries. */
  last(count: number): string[] {
    const length = Math.min(count, this.#total, KEPT);
    return Array.from({ length }, (_, back) => this.#ids[(this.#total - 1 - back) % KEPT] as string);
  }

  /** From commit to accepted, of what was accepted since it was last asked. */
  takeLatency(): { readonly p50: number | undefined; readonly p99: number | undefined } {
    const latency = { p50: this.#latency.percentile(0.5), p99: this.#latency.percentile(0.99) };
    this.#latency.clear();
    return latency;
  }
}

function known(ms: number | undefined): number | undefined {
  return ms === undefined || Number.isNaN(ms) ? undefined : ms;
}
