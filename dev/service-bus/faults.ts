/**
 * What can be made to go wrong. Unless said otherwise it strikes a transfer, a single message or a batch, which is
 * then not stored.
 *
 * - `busy`: refused with com.microsoft:server-busy.
 * - `refused`: refused with `condition` (amqp:precondition-failed), which no client knows a code for.
 * - `sizeExceeded`, `quotaExceeded`: refused as too large, as over the entity's quota.
 * - `notFound`, `disabled`, `unauthorized`: refused; an attach is refused too. `unauthorized` also strikes put-token.
 * - `ackLost`: stored, and the disposition is never sent.
 * - `hang`: received, neither stored nor answered.
 * - `dropBeforeStore`, `dropAfterStore`: the socket is destroyed before, after storing.
 * - `detach`: the link is detached with `condition` (amqp:link:detach-forced).
 * - `closeConnection`: the connection is closed with `condition` (amqp:connection:forced).
 * - `busyAttach`: a link is refused with com.microsoft:server-busy.
 * - `latency`: stored; the disposition is sent `delayMs` later. Any number of them wait at the same time.
 * - `detachIdle`, `closeIdle`: strikes once, when it is injected: every link that messages are sent on is detached, every
 *   connection closed, as by a service on which nothing happened for a while.
 * - `detachReceivers`, `deafen`: strike once, when they are injected: every link that messages are received on is detached, stays
 *   open and is sent nothing any more.
 * - `refuseConnections`: nobody listens on the port. Lasts until healed; open connections stay.
 * - `freeze`: nothing is read or written on any connection, and they stay open. Lasts until healed.
 */
export type FaultKind =
  | 'busy'
  | 'refused'
  | 'sizeExceeded'
  | 'quotaExceeded'
  | 'notFound'
  | 'disabled'
  | 'unauthorized'
  | 'ackLost'
  | 'hang'
  | 'dropBeforeStore'
  | 'dropAfterStore'
  | 'detach'
  | 'closeConnection'
  | 'latency'
  | 'busyAttach'
  | BrokerFault;

/** What strikes the whole broker. */
type BrokerFault = 'detachIdle' | 'closeIdle' | 'detachReceivers' | 'deafen' | 'refuseConnections' | 'freeze';

/** Where a fault can strike. */
export type FaultPoint = 'transfer' | 'attach' | 'putToken' | 'disposition' | 'broker';

export interface Fault {
  readonly kind: FaultKind;
  /** The queue, topic or subscription path it is limited to. Default: all. */
  readonly entity?: string;
  /** Limits it to one of the points it can strike at. */
  readonly at?: FaultPoint;
  /** Limits it to transfers that carry a message with this subject. */
  readonly subject?: string;
  /** How often it strikes before it is spent. Default: until healed. */
  readonly times?: number;
  /** How likely it strikes, 0 to 1. Default: 1. */
  readonly probability?: number;
  /** Makes the choice by probability repeatable. Default: 1. */
  readonly seed?: number;
  /** For `latency`. */
  readonly delayMs?: number;
  /** For `refused`, `detach` and `closeConnection`: the error to give instead of the usual one. */
  readonly condition?: string;
  readonly description?: string;
}

/** A fault at work. */
export interface InjectedFault {
  readonly id: number;
  readonly fault: Fault;
  /** How often it has struck. */
  readonly hits: number;
  heal(): void;
}

const points: Readonly<Record<FaultKind, readonly FaultPoint[]>> = {
  busy: ['transfer'],
  refused: ['transfer'],
  sizeExceeded: ['transfer'],
  quotaExceeded: ['transfer'],
  notFound: ['transfer', 'attach'],
  disabled: ['transfer', 'attach'],
  unauthorized: ['transfer', 'attach', 'putToken'],
  ackLost: ['transfer'],
  hang: ['transfer'],
  dropBeforeStore: ['transfer'],
  dropAfterStore: ['transfer'],
  detach: ['transfer'],
  closeConnection: ['transfer'],
  latency: ['disposition'],
  busyAttach: ['attach'],
  detachIdle: ['broker'],
  closeIdle: ['broker'],
  detachReceivers: ['broker'],
  deafen: ['broker'],
  refuseConnections: ['broker'],
  freeze: ['broker'],
};

/** The faults at work. The one injected first that strikes wins. */
export class Faults {
  /** Called when one was added, was spent or was healed. */
  onChange: () => void = () => undefined;
  #active: ActiveFault[] = [];
  #lastId = 0;

  inject(fault: Fault): InjectedFault {
    if (!Object.hasOwn(points, fault.kind)) throw new TypeError(`There is no fault '${String(fault.kind)}'`);
    if (fault.at !== undefined && !points[fault.kind].includes(fault.at)) {
      throw new TypeError(`The fault '${fault.kind}' cannot strike at '${fault.at}'`);
    }
    const active = new ActiveFault(++this.#lastId, fault, (healed) => {
      this.#active = this.#active.filter((other) => other !== healed);
      this.onChange();
    });
    this.#active.push(active);
    this.onChange();
    return active;
  }

  /** The fault that strikes here, if any; it counts as a hit. `carries`: whether a message with this subject is here. */
  strike(
    point: FaultPoint,
    entity: string,
    carries: (subject: string) => boolean = () => false,
  ): Fault | undefined {
    if (this.#active.length === 0) return undefined;
    return this.#active.find((active) => active.strikes(point, entity, carries))?.hit();
  }

  /** Whether a fault of the whole broker is at work. */
  has(kind: BrokerFault): boolean {
    return this.#active.some((active) => active.fault.kind === kind);
  }

  list(): readonly InjectedFault[] {
    return this.#active;
  }

  /** Ends all of them. */
  heal(): void {
    for (const active of this.#active) active.heal();
  }
}

class ActiveFault implements InjectedFault {
  readonly id: number;
  readonly fault: Fault;
  readonly #healed: (fault: ActiveFault) => void;
  readonly #random: () => number;
  #hits = 0;

  constructor(id: number, fault: Fault, healed: (fault: ActiveFault) => void) {
    this.id = id;
    this.fault = fault;
    this.#healed = healed;
    this.#random = seededRandom(fault.seed ?? 1);
  }

  get hits(): number {
    return this.#hits;
  }

  heal(): void {
    this.#healed(this);
  }

  strikes(point: FaultPoint, entity: string, carries: (subject: string) => boolean): boolean {
    const { fault } = this;
    if (fault.at === undefined ? !points[fault.kind].includes(point) : fault.at !== point) return false;
    if (fault.entity !== undefined && fault.entity.toLowerCase() !== entity.toLowerCase()) return false;
    if (fault.subject !== undefined && !carries(fault.subject)) return false;
    return fault.probability === undefined || this.#random() < fault.probability;
  }

  hit(): Fault {
    this.#hits++;
    if (this.fault.times !== undefined && this.#hits >= this.fault.times) this.heal();
    return this.fault;
  }

  toJSON(): object {
    return { id: this.id, hits: this.#hits, ...this.fault };
  }
}

/** Numbers from 0 to 1 that depend on the seed alone (a 32-bit linear congruence with its bits mixed). */
function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    const mixed = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) >>> 0;
    return ((mixed ^ (mixed >>> 13)) >>> 0) / 0x1_0000_0000;
  };
}
