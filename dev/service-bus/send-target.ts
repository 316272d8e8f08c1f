import type { AmqpError } from './amqp-error.ts';
import { refusal } from './amqp-error.ts';
import { DuplicateDetection } from './duplicate-detection.ts';
import type { EncodedMessage } from './encoded-message.ts';
import type { Journal } from './journal.ts';
import type { MessageQueue } from './message-queue.ts';
import type { SendLimits } from './namespace-config.ts';
import { filterMatches, type RuleFilter } from './rule-filter.ts';

const idMaxCharacters = 128;
const scheduledTimeAnnotation = 'x-opt-scheduled-enqueue-time';
const partitionKeyAnnotation = 'x-opt-partition-key';

/** Where messages go from a queue or a topic: a queue has one output and no filters. */
export interface Output {
  readonly queue: MessageQueue;
  readonly filters: readonly RuleFilter[];
}

/** The sending side of a queue or a topic: its limits, its duplicate detection, and the way to where messages are kept. */
export class SendTarget {
  readonly path: string;
  readonly limits: SendLimits;
  readonly #outputs: readonly Output[];
  readonly #journal: Journal;
  readonly #duplicates: DuplicateDetection;
  readonly #isTopic: boolean;
  readonly #hasSessions: boolean;
  #lastSequenceNumber = 0;

  constructor(limits: SendLimits, kind: 'queue' | 'topic', outputs: readonly Output[], journal: Journal) {
    this.path = limits.name;
    this.limits = limits;
    this.#outputs = outputs;
    this.#journal = journal;
    this.#duplicates = new DuplicateDetection(limits.duplicateWindowMs);
    this.#isTopic = kind === 'topic';
    this.#hasSessions = outputs.some(({ queue }) => queue.requiresSession);
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
    for (const { queue, filters } of this.#outputs) {
      if (this.#isTopic && !filters.some((filter) => filterMatches(filter, message))) continue;
      queue.enqueue(message, now, sequenceNumber, activeAt);
    }
  }

  #refusal(messages: readonly EncodedMessage[]): AmqpError | undefined {
    if (this.limits.disabled) return refusal.disabled(this.path);
    const sizeBytes = this.#sizeBytes();
    if (sizeBytes >= this.limits.maxSizeBytes) {
      return refusal.quotaExceeded(this.path, sizeBytes, this.limits.maxSizeBytes);
    }
    for (const message of messages) {
      if ((message.messageId?.length ?? 0) > idMaxCharacters) return refusal.idTooLong('MessageId');
      const sessionId = message.sessionId;
      if (sessionId !== undefined && sessionId.length > idMaxCharacters)
        return refusal.idTooLong('SessionId');
      // A topic takes a message without one, and its session subscriptions dead-letter it.
      if (sessionId === undefined && this.#hasSessions && !this.#isTopic) return refusal.sessionIdMissing();
    }
    return messages.length > 1 ? this.#mixedBatch(messages) : undefined;
  }

  #mixedBatch(messages: readonly EncodedMessage[]): AmqpError | undefined {
    const first = messages[0];
    const feature = this.limits.partitioned ? 'partitioning' : 'sessions';
    if (this.#hasSessions || this.limits.partitioned) {
      if (messages.some((message) => message.sessionId !== first?.sessionId)) {
        return refusal.mixedBatch('SessionId', feature);
      }
    }
    if (this.limits.partitioned) {
      const key = first?.annotations[partitionKeyAnnotation];
      if (messages.some((message) => message.annotations[partitionKeyAnnotation] !== key)) {
        return refusal.mixedBatch('PartitionKey', feature);
      }
    }
    return undefined;
  }

  #sizeBytes(): number {
    let sizeBytes = 0;
    for (const { queue } of this.#outputs) sizeBytes += queue.sizeBytes;
    return sizeBytes;
  }
}
