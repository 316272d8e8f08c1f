import type { RelayMonitor } from '../monitoring/relay-monitor.ts';
import type { DeliveryLog } from './delivery-log.ts';
import { type ConsoleSample, SampleHistory } from './sample-history.ts';

const EVERY_MS = 1_000;
const HALF_AN_HOUR = 30 * 60;

/** Takes a sample a second, as long as the relay runs, and keeps those of half an hour. */
export class Sampler {
  readonly history = new SampleHistory(HALF_AN_HOUR);
  /** Told of each sample. */
  onSample: (sample: ConsoleSample) => void = () => undefined;
  readonly #monitor: RelayMonitor;
  readonly #deliveries: DeliveryLog;
  readonly #timer: NodeJS.Timeout;
  #before: { readonly published: number; readonly received: number };

  constructor(monitor: RelayMonitor, deliveries: DeliveryLog) {
    this.#monitor = monitor;
    this.#deliveries = deliveries;
    this.#before = { ...monitor.counts };
    this.#timer = setInterval(() => this.#take(), EVERY_MS).unref();
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #take(): void {
    const { counts, unsettled, figures } = this.#monitor;
    const { p50 = null, p99 = null } = this.#deliveries.takeLatency();
    const published = counts.published - this.#before.published;
    const received = counts.received - this.#before.received;
    this.#before = { ...counts };
    const sample = {
      at: Date.now(),
      published,
      received,
      p50,
      p99,
      unsettled,
      inFlight: figures.sendsInFlight,
    };
    this.history.add(sample);
    this.onSample(sample);
  }
}
