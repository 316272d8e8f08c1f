export interface LaneMessage {
  /** The order it belongs to; undefined: no order is kept for it. */
  readonly lane: string | undefined;
  /** Its size on the wire. */
  readonly bytes: number;
  /** It goes in a batch of its own. */
  readonly alone: boolean;
}

export interface BatchLimits {
  readonly maxCount: number;
  readonly maxBytes: number;
  /** A session entity refuses a batch of several sessions. */
  readonly oneLane: boolean;
}

/**
 * Forms batches in which nothing of an order overtakes an earlier message of that order: an order has at most one batch
 * in flight (several of its messages may share it), the rest of its messages wait behind that; other orders fly.
 * A link delivers in call order, but a rejected batch is overtaken by those sent after it, so this cannot be left to it.
 */
export class Lanes<M extends LaneMessage> {
  /** Messages in commit order. Those put back stand before those that have not been looked at. */
  #ready: M[] = [];
  #head = 0;
  /** Orders with something in flight, and their messages that wait behind it. */
  readonly #busy = new Map<string, M[]>();
  #waiting = 0;

  /** How many messages are waiting, ready or behind a busy order. */
  get waiting(): number {
    return this.#waiting;
  }

  push(message: M): void {
    this.#ready.push(message);
    this.#waiting++;
  }

  /** The next batch, or undefined when everything waits for an order that is in flight. Its orders are in flight from here on. */
  take(limits: BatchLimits): M[] | undefined {
    const batch: M[] = [];
    const lanes = new Set<string>();
    let bytes = 0;
    while (this.#head < this.#ready.length && batch.length < limits.maxCount) {
      const message = this.#ready[this.#head] as M;
      const { lane } = message;
      const behind = lane !== undefined && !lanes.has(lane) ? this.#busy.get(lane) : undefined;
      if (behind) {
        behind.push(message);
      } else {
        if (batch[0] && !joins(message, batch[0], bytes, limits)) break;
        batch.push(message);
        bytes += message.bytes;
        if (lane !== undefined && !lanes.has(lane)) {
          lanes.add(lane);
          this.#busy.set(lane, []);
        }
      }
      this.#head++;
    }
    this.#compact();
    this.#waiting -= batch.length;
    return batch.length > 0 ? batch : undefined;
  }

  /** The batch was accepted: what waits behind it goes first. */
  release(batch: readonly M[]): void {
    this.#putBack(this.#freeLanes(batch));
  }

  /** The batch was not accepted: it goes again, before everything that waits behind it. */
  restore(batch: readonly M[]): void {
    this.#waiting += batch.length;
    this.#putBack([...batch, ...this.#freeLanes(batch)]);
  }

  /** The batch will not be sent: returns what its orders have waiting, in order, taken out. */
  withdraw(batch: readonly M[]): M[] {
    const lanes = new Set(batch.map(({ lane }) => lane));
    const withdrawn = this.#freeLanes(batch);
    const rest: M[] = [];
    for (const message of this.#ready.slice(this.#head)) {
      const belongs = message.lane !== undefined && lanes.has(message.lane);
      (belongs ? withdrawn : rest).push(message);
    }
    this.#ready = rest;
    this.#head = 0;
    this.#waiting -= withdrawn.length;
    return withdrawn;
  }

  #freeLanes(batch: readonly M[]): M[] {
    const freed: M[] = [];
    for (const { lane } of batch) {
      if (lane === undefined) continue;
      freed.push(...(this.#busy.get(lane) ?? []));
      this.#busy.delete(lane);
    }
    return freed;
  }

  #putBack(messages: M[]): void {
    if (messages.length === 0) return;
    this.#ready = [...messages, ...this.#ready.slice(this.#head)];
    this.#head = 0;
  }

  #compact(): void {
    if (this.#head < 1024 && this.#head < this.#ready.length) return;
    this.#ready = this.#ready.slice(this.#head);
    this.#head = 0;
  }
}

function joins(message: LaneMessage, first: LaneMessage, bytes: number, limits: BatchLimits): boolean {
  if (message.alone || first.alone) return false;
  if (limits.oneLane && message.lane !== first.lane) return false;
  return bytes + message.bytes <= limits.maxBytes;
}
