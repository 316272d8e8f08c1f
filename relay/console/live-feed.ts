import type { ServerResponse } from 'node:http';

/** What a viewer has not read yet. One who is so far behind is let go: the browser connects again by itself. */
const MOST_UNREAD_BYTES = 256 * 1024;

const MOST_VIEWERS = 100;
const CONNECT_AGAIN_AFTER_MS = 1_000;

/** Server-sent events to all who look. https://html.spec.whatwg.org/multipage/server-sent-events.html */
export class LiveFeed {
  readonly #viewers = new Set<ServerResponse>();

  get isWatched(): boolean {
    return this.#viewers.size > 0;
  }

  get isFull(): boolean {
    return this.#viewers.size >= MOST_VIEWERS;
  }

  /** From now on this response gets what is pushed, until its viewer is gone. */
  add(response: ServerResponse): void {
    this.#viewers.add(response);
    response.on('close', () => this.#viewers.delete(response));
    response.write(`retry: ${CONNECT_AGAIN_AFTER_MS}\n\n`);
  }

  push(data: unknown): void {
    const event = `data: ${JSON.stringify(data)}\n\n`;
    for (const viewer of this.#viewers) {
      if (viewer.writableLength > MOST_UNREAD_BYTES) viewer.destroy();
      else viewer.write(event);
    }
  }

  close(): void {
    for (const viewer of this.#viewers) viewer.end();
  }
}
