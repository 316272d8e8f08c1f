import type { ServerResponse } from 'node:http';

/** What a viewer has not read yet. One who is so far behind is let go: the browser connects again by itself. */
const MOST_UNREAD_BYTES = 256 * 1024;

/** Server-sent events to all who look. https://html.spec.whatwg.org/multipage/server-sent-events.html */
export class LiveFeed {
  readonly #viewers = new Set<ServerResponse>();
  #last: string | undefined;

  get isWatched(): boolean {
    return this.#viewers.size > 0;
  }

  /** From now on this response gets what is pushed, until its viewer is gone. */
  add(response: ServerResponse): void {
    this.#viewers.add(response);
    response.on('close', () => {
      this.#viewers.delete(response);
    });
    // Told at once, if others look already; what is older than a second is not.
    response.write(this.#viewers.size > 1 && this.#last !== undefined ? this.#last : 'retry: 1000\n\n');
  }

  push(data: unknown): void {
    this.#last = `data: ${JSON.stringify(data)}\n\n`;
    for (const viewer of this.#viewers) {
      if (viewer.writableLength > MOST_UNREAD_BYTES) viewer.destroy();
      else viewer.write(this.#last);
    }
  }

  close(): void {
    for (const viewer of this.#viewers) viewer.end();
  }
}
