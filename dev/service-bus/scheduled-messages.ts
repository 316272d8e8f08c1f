import type { StoredMessage } from './stored-message.ts';

const never = Number.POSITIVE_INFINITY;

/** The messages of a queue whose time has not come, the one that is due first at the front. */
export class ScheduledMessages {
  #messages: StoredMessage[] = [];

  /** When the first of them is due, in epoch milliseconds; Infinity when there is none. */
  get nextDeadline(): number {
    return this.#messages[0]?.activeAt ?? never;
  }

  add(message: StoredMessage): void {
    message.state = 'scheduled';
    this.#messages.push(message);
    this.#messages.sort((a, b) => (a.activeAt ?? 0) - (b.activeAt ?? 0));
  }

  remove(message: StoredMessage): void {
    this.#messages = this.#messages.filter((other) => other !== message);
  }

  /** Takes the first out when it is due. */
  takeDue(now: number): StoredMessage | undefined {
    return this.nextDeadline <= now ? this.#messages.shift() : undefined;
  }

  /** Those with these numbers; undefined when one of the numbers is not among them. */
  find(enqueuedSequenceNumbers: readonly number[]): StoredMessage[] | undefined {
    const found = this.#messages.filter((message) =>
      enqueuedSequenceNumbers.includes(message.enqueuedSequenceNumber),
    );
    return found.length === enqueuedSequenceNumbers.length ? found : undefined;
  }
}
