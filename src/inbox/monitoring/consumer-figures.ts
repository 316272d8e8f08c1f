import { BucketCounts } from '../../core/bucket-counts.ts';
import { errorCode } from '../../core/errors.ts';
import { describeError } from '../../core/log.ts';
import { reasonOf } from '../../db/database-failure.ts';
import type { Fate } from '../handling/handler.ts';
import type { ReceivedMessage } from '../received-message.ts';
import type { Settlement } from '../settlement.ts';
import { FATES } from './inbox-states.ts';

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1_800];

/** A message that is being handled. */
export interface InHand {
  readonly messageId: string | undefined;
  readonly since: Date;
}

export interface ToldError {
  readonly at: Date;
  readonly type: string;
  readonly message: string;
  readonly code?: string;
}

/** An error that has just been met, for whoever asks. */
export function toldError(error: unknown): ToldError {
  const code = errorCode(error);
  const told = { at: new Date(), type: describeError(error).type, message: reasonOf(error) };
  return code === undefined ? told : { ...told, code };
}

/** What one consumer has done since the process began, and is at. Every message passes here: it must cost next to nothing. */
export class ConsumerFigures {
  received = 0;
  /** How many messages of a type had this fate. */
  readonly fates: ReadonlyMap<string, Map<Fate, number>>;
  /** Seconds from when the broker took a message until its effect was committed, by two clocks. */
  readonly latency = new BucketCounts(SECONDS);
  /** The broker has answered it. */
  isConnected = false;
  /** Since when nothing can be received. */
  awaySince: Date | undefined;
  lastError: ToldError | undefined;
  /** Since the last message that was not released. */
  releasesInARow = 0;
  lastReleaseAt: Date | undefined;
  readonly #inHand = new Map<ReceivedMessage, Date>();

  /** `types`: all that are counted; senders could make up any number. */
  constructor(types: readonly string[]) {
    const none = Object.keys(FATES).map((fate) => [fate as Fate, 0] as const);
    this.fates = new Map(types.map((type) => [type, new Map(none)]));
  }

  begun(message: ReceivedMessage): void {
    this.received++;
    this.#inHand.set(message, new Date());
  }

  ended(message: ReceivedMessage, { kind }: Settlement): void {
    this.#inHand.delete(message);
    if (kind !== 'release') {
      this.releasesInARow = 0;
      return;
    }
    this.releasesInARow++;
    this.lastReleaseAt = new Date();
  }

  count(type: string, fate: Fate): void {
    const ofType = this.fates.get(type);
    ofType?.set(fate, (ofType.get(fate) ?? 0) + 1);
  }

  failed(error: unknown): void {
    this.lastError = toldError(error);
  }

  total(fate: Fate): number {
    return [...this.fates.values()].reduce((sum, ofType) => sum + (ofType.get(fate) ?? 0), 0);
  }

  get inHand(): number {
    return this.#inHand.size;
  }

  get oldestInHand(): InHand | undefined {
    const [oldest] = this.#inHand; // in the order in which they came
    return oldest && { messageId: oldest[0].messageId, since: oldest[1] };
  }
}
