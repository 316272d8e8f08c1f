import type { StoredMessage } from './stored-message.ts';

/** Every message that a queue holds, in whatever state, by sequence number, and how large they are together. */
export class MessageStore {
  readonly #messages = new Map<number, StoredMessage>();
  #lastSequenceNumber = 0;
  #sizeBytes = 0;

  get count(): number {
    return this.#messages.size;
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** A number that no message has had. */
  nextSequenceNumber(): number {
    return ++this.#lastSequenceNumber;
  }

  add(message: StoredMessage): void {
    this.#messages.set(message.sequenceNumber, message);
    this.#sizeBytes += message.encoded.bytes.length;
  }

  /** False when it is not there. */
  remove(message: StoredMessage): boolean {
    if (!this.#messages.delete(message.sequenceNumber)) return false;
    this.#sizeBytes -= message.encoded.bytes.length;
    return true;
  }

  get(sequenceNumber: number): StoredMessage | undefined {
    return this.#messages.get(sequenceNumber);
  }

  all(): Iterable<StoredMessage> {
    return this.#messages.values();
  }

  /** Up to `count` messages from a sequence number on. */
  from(sequenceNumber: number, count: number, sessionId?: string): StoredMessage[] {
    const found: StoredMessage[] = [];
    for (const message of this.#messages.values()) {
      if (found.length >= count) break;
      if (message.sequenceNumber < sequenceNumber) continue;
      if (sessionId === undefined || message.sessionId === sessionId) found.push(message);
    }
    return found;
  }
}
