import { ReadyList } from './ready-list.ts';
import type { StoredMessage } from './stored-message.ts';

/** The messages of a queue that wait for a receiver, each session's apart. */
export class ReadyMessages {
  readonly #plain = new ReadyList<StoredMessage>();
  readonly #bySession = new Map<string, ReadyList<StoredMessage>>();

  /** The sessions that have one, those that were given back last at the end. */
  sessions(): string[] {
    return [...this.#bySession.keys()];
  }

  /** It was received from: the other sessions are next. */
  moveToEnd(sessionId: string): void {
    const list = this.#bySession.get(sessionId);
    if (list === undefined || !this.#bySession.delete(sessionId)) return;
    this.#bySession.set(sessionId, list);
  }

  add(message: StoredMessage): void {
    if (message.sessionId === undefined) {
      this.#plain.add(message);
      return;
    }
    const list = this.#bySession.get(message.sessionId) ?? new ReadyList<StoredMessage>();
    this.#bySession.set(message.sessionId, list);
    list.add(message);
  }

  /** Takes the first one of the session, or of those without one. */
  shift(sessionId: string | undefined): StoredMessage | undefined {
    if (sessionId === undefined) return this.#plain.shift();
    const message = this.#bySession.get(sessionId)?.shift();
    this.#forgetIfEmpty(sessionId);
    return message;
  }

  remove(message: StoredMessage): void {
    if (message.sessionId === undefined) {
      this.#plain.remove(message);
      return;
    }
    this.#bySession.get(message.sessionId)?.remove(message);
    this.#forgetIfEmpty(message.sessionId);
  }

  #forgetIfEmpty(sessionId: string): void {
    if (this.#bySession.get(sessionId)?.length === 0) this.#bySession.delete(sessionId);
  }
}
