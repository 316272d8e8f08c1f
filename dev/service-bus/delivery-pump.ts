/** A link that messages of a queue go out on. */
export interface DeliveryReceiver {
  /** Takes one message and sends it; false when it has no credit or there is nothing for it. */
  deliverNext(now: number): boolean;
}

/** Something with deadlines: a queue, the locks of its sessions. */
export interface Expiring {
  /** Epoch milliseconds; Infinity for none. */
  nextDeadline(): number;
  /** Does what is due. */
  expire(now: number): void;
}

// What setTimeout can take; a longer wait is done in pieces.
const longestTimeoutMs = 2 ** 31 - 1;

/** Serves the links that wait for the messages of one queue, in turn, and does what is due at its deadlines. */
export class DeliveryPump {
  readonly #expiring: readonly Expiring[];
  readonly #now: () => number;
  /** In the order in which they are served; the one served moves to the end. */
  readonly #receivers = new Set<DeliveryReceiver>();
  #running = false;
  #timer: NodeJS.Timeout | undefined;
  #timerAt = Number.POSITIVE_INFINITY;

  constructor(expiring: readonly Expiring[], now: () => number) {
    this.#expiring = expiring;
    this.#now = now;
  }

  add(receiver: DeliveryReceiver): void {
    this.#receivers.add(receiver);
  }

  remove(receiver: DeliveryReceiver): void {
    this.#receivers.delete(receiver);
  }

  /** Delivers what can be delivered, soon: all that is stored in this turn goes out together. */
  wake(): void {
    if (this.#running) return;
    this.#running = true;
    queueMicrotask(() => {
      this.#running = false;
      this.run();
    });
  }

  /** Delivers at once. */
  run(): void {
    const now = this.#now();
    for (let served = true; served; ) {
      served = false;
      for (const receiver of this.#receivers) {
        while (receiver.deliverNext(now)) {
          served = true;
          if (this.#receivers.size > 1) break;
        }
      }
    }
    this.#setTimer(now);
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#receivers.clear();
  }

  #setTimer(now: number): void {
    const deadline = Math.min(...this.#expiring.map((thing) => thing.nextDeadline()));
    if (deadline >= this.#timerAt) return;
    clearTimeout(this.#timer);
    this.#timerAt = deadline;
    this.#timer = setTimeout(
      () => {
        this.#timerAt = Number.POSITIVE_INFINITY;
        for (const thing of this.#expiring) thing.expire(this.#now());
        this.run();
      },
      Math.min(Math.max(deadline - now, 1), longestTimeoutMs),
    ).unref();
  }
}
