export interface LaneMessage {
  /** The order it belongs to; undefined: no order is kept for it. */
  readonly lane: string | undefined;
  /** A batch has one. */
  readonly destination: string;
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

const NONE: readonly LaneMessage[] = [];

/** What a batch to this destination may be now; undefined: none may go. */
export type LimitsOf = (destination: string) => BatchLimits | undefined;

/**
 * Forms batches in which nothing of an order overtakes an earlier message of that order: an order has at most one batch
 * in flight (several of its messages may share it), the rest of its messages wait behind that; other orders fly.
 * A link delivers in call order, but a rejected batch is overtaken by those sent after it, so this cannot be left to it.
 * So it is with destinations: what an order has for one waits until what it had before for another is accepted.
 */
export class Lanes<M extends LaneMessage> {
  /** Messages in commit order. Those put back stand before those that have not been looked at. */
  #ready: M[] = [];
  #head = 0;
  /** What was looked at while its destination took nothing, or a batch for another was formed. At most one of an order stands here. */
  readonly #standing = new Map<string, M[]>();
  /** Orders with something in flight or standing, and their messages that wait behind it. */
  readonly #busy = new Map<string, M[]>();
  #waiting = 0;

  /** How many messages are waiting: ready, standing or behind a busy order. */
  get waiting(): number {
    return this.#waiting;
  }

  push(message: M): void {
    this.#ready.push(message);
    this.#waiting++;
  }

  /** The next batch, or undefined when everything waits for an order that is in flight, or for its destination. Its orders are in flight from here on. */
  take(limitsOf: LimitsOf): M[] | undefined {
    const batch = this.#takeStanding(limitsOf) ?? this.#takeReady(limitsOf);
    this.#waiting -= batch?.length ?? 0;
    return batch;
  }

  #takeReady(limitsOf: LimitsOf): M[] | undefined {
    const batch: M[] = [];
    const lanes = new Set<string>();
    let limits: BatchLimits | undefined;
    let first: M | undefined;
    let bytes = 0;
    for (; this.#head < this.#ready.length; this.#head++) {
      if (limits && batch.length >= limits.maxCount) break;
      const message = this.#ready[this.#head] as M;
      const { lane } = message;
      const behind = lane === undefined ? undefined : this.#busy.get(lane);
      const follows = behind?.length === 0 && lanes.has(lane as string);
      if (behind && !(follows && message.destination === first?.destination)) {
        behind.push(message);
        continue;
      }
      if (!first) limits = limitsOf(message.destination);
      if (!limits || (first && message.destination !== first.destination)) {
        this.#stand(message);
        continue;
      }
      if (first && !joins(message, batch, bytes, limits)) break;
      first ??= message;
      batch.push(message);
      bytes += message.bytes;
      if (lane === undefined || behind) continue;
      lanes.add(lane);
      this.#busy.set(lane, []);
    }
    this.#compact();
    return batch.length > 0 ? batch : undefined;
  }

  #stand(message: M): void {
    const standing = this.#standing.get(message.destination);
    if (standing) standing.push(message);
    else this.#standing.set(message.destination, [message]);
    if (message.lane !== undefined) this.#busy.set(message.lane, []);
  }

  /** Of the first destination that takes something now. */
  #takeStanding(limitsOf: LimitsOf): M[] | undefined {
    for (const [destination, standing] of this.#standing) {
      const limits = limitsOf(destination);
      if (limits) return this.#takeFrom(standing, destination, limits);
    }
    return undefined;
  }

  /** Each with those that wait right behind it for the same destination. */
  #takeFrom(standing: M[], destination: string, limits: BatchLimits): M[] {
    const batch: M[] = [];
    let bytes = 0;
    const add = (message: M | undefined) => {
      if (message?.destination !== destination) return false;
      if (batch.length > 0 && !joins(message, batch, bytes, limits)) return false;
      bytes += message.bytes;
      return batch.push(message);
    };
    let taken = 0;
    for (; add(standing[taken]); taken++) {
      const { lane } = standing[taken] as M;
      const behind = (lane !== undefined && this.#busy.get(lane)) || [];
      let followers = 0;
      while (add(behind[followers])) followers++;
      behind.splice(0, followers);
    }
    standing.splice(0, taken);
    if (standing.length === 0) this.#standing.delete(destination);
    return batch;
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

  /** What stands for this destination, one of each order, as a batch in flight: to be withdrawn. */
  takeStanding(destination: string): readonly M[] {
    const standing = this.#standing.get(destination) ?? [];
    this.#standing.delete(destination);
    this.#waiting -= standing.length;
    return standing;
  }

  #freeLanes(batch: readonly M[]): M[] {
    const freed: M[] = [];
    for (const { lane } of batch) {
      if (lane === undefined) continue;
      for (const message of this.#busy.get(lane) ?? NONE) freed.push(message as M);
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

function joins(
  message: LaneMessage,
  batch: readonly LaneMessage[],
  bytes: number,
  limits: BatchLimits,
): boolean {
  const first = batch[0];
  if (batch.length >= limits.maxCount || message.alone || first?.alone) return false;
  if (limits.oneLane && message.lane !== first?.lane) return false;
  return bytes + message.bytes <= limits.maxBytes;
}
