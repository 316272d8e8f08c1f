import type { AmqpError } from './amqp-error.ts';
import { refusal } from './amqp-error.ts';
import { deadLetterReason } from './dead-letter-reason.ts';
import { DuplicateDetection } from './duplicate-detection.ts';
import type { EncodedMessage } from './encoded-message.ts';
import type { Journal } from './journal.ts';
import type { MessageQueue } from './message-queue.ts';
import type { SendLimits } from './namespace-config.ts';
import { sendRefusalOf } from './send-checks.ts';
import { SqlError } from './sql/sql-error.ts';
import type { SubscriptionRules } from './subscription-rules.ts';

const scheduledTimeAnnotation = 'x-opt-scheduled-enqueue-time';

/** Where messages go from a queue or a topic: a queue has one output and no rules. */
export interface Output {
  readonly queue: MessageQueue;
  readonly rules?: SubscriptionRules;
}

/** The sending side of a queue or a topic: its limits, its duplicate detection, and the way to where messages are kept. */
export class SendTarget {
  readonly path: string;
  readonly limits: SendLimits;
  readonly #outputs: readonly Output[];
  readonly #journal: Journal;
  readonly #duplicates: DuplicateDetection;
  readonly #needsSessionId: boolean;
  #lastSequenceNumber = 0;

  constructor(limits: SendLimits, kind: 'queue' | 'topic', outputs: readonly Output[], journal: Journal) {
    this.path = limits.name;
    this.limits = limits;
    this.#outputs = outputs;
    this.#journal = journal;
    this.#duplicates = new DuplicateDetection(limits.duplicateWindowMs);
    this.#needsSessionId = kind === 'queue' && outputs.some(({ queue }) => queue.requiresSession);
  }

  /** Stores and journals all of the messages, or none of them and says why. */
  accept(messages: readonly EncodedMessage[], now: number): AmqpError | undefined {
    const refused = this.#refusal(messages);
    if (refused !== undefined) return refused;
    for (const message of messages) {
      const duplicate = this.#duplicates.enabled && this.#duplicates.isRepeat(message.messageId, now);
      const sequenceNumber = duplicate ? 0 : ++this.#lastSequenceNumber;
      this.#journal.record(this.path, sequenceNumber, duplicate, now, message);
      if (!duplicate) this.#store(message, sequenceNumber, now);
    }
    return undefined;
  }

  /** What these messages cost: one each, and one for every rule that looks at it. */
  creditsOf(messages: readonly EncodedMessage[]): number {
    const rules = this.#outputs.reduce((sum, output) => sum + (output.rules?.count ?? 0), 0);
    return messages.length * (1 + rules);
  }

  /** Stores a message for later and says the number that it can be cancelled by, or why not. */
  schedule(message: EncodedMessage, now: number): AmqpError | number {
    const number = this.#lastSequenceNumber + 1;
    return this.accept([message], now) ?? number;
  }

  /** Takes scheduled messages back, by the numbers that `schedule` gave; false when one of them is not there any more. */
  cancelScheduled(sequenceNumbers: readonly number[]): boolean {
    return this.#outputs.every(({ queue }) => queue.cancelScheduled(sequenceNumbers));
  }

  #store(message: EncodedMessage, sequenceNumber: number, now: number): void {
    const scheduled = message.annotations[scheduledTimeAnnotation];
    const activeAt = scheduled instanceof Date && scheduled.getTime() > now ? scheduled.getTime() : undefined;
    const arrival = { enqueuedSequenceNumber: sequenceNumber, activeAt };
    for (const { queue, rules } of this.#outputs) {
      try {
        for (const copy of rules?.copiesOf(message) ?? [message]) queue.enqueue(copy, now, arrival);
      } catch (error) {
        if (!(error instanceof SqlError)) throw error;
        queue.enqueue(message, now, {
          ...arrival,
          deadLettered: deadLetterReason.filterFailed(error.message),
        });
      }
    }
  }

  #refusal(messages: readonly EncodedMessage[]): AmqpError | undefined {
    if (this.limits.disabled) return refusal.disabled(this.path);
    const sizeBytes = this.#sizeBytes();
    if (sizeBytes >= this.limits.maxSizeBytes) {
      return refusal.quotaExceeded(this.path, sizeBytes, this.limits.maxSizeBytes);
    }
    try {
      return sendRefusalOf(messages, { ...this.limits, needsSessionId: this.#needsSessionId });
    } catch (error) {
      if (error instanceof RangeError) return refusal.notAMessage(error.message);
      throw error;
    }
  }

  #sizeBytes(): number {
    let sizeBytes = 0;
    for (const { queue } of this.#outputs) sizeBytes += queue.sizeBytes;
    return sizeBytes;
  }
}
