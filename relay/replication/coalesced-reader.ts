import type { Socket } from 'node:net';

/** A chunk that comes so soon after the one before is one of many. */
const BUSY_WITHIN_MS = 0.2;
const GATHER_MS = 1;
/** A chunk of this size has gathered already. */
const GATHERED_BYTES = 32 * 1024;

/**
 * Reads a socket in larger pieces while much is coming: PostgreSQL sends each message by itself, and to be woken for each costs
 * the reader and the server more than the message. A chunk that comes alone is handed on at once; in a row of small ones,
 * reading rests for a millisecond after each.
 */
export class CoalescedReader {
  readonly #socket: Socket;
  #paused = false;
  #resting: NodeJS.Timeout | undefined;
  #readAt = Number.NEGATIVE_INFINITY;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => this.#onChunk(chunk));
  }

  pause(): void {
    this.#paused = true;
    this.#socket.pause();
  }

  resume(): void {
    this.#paused = false;
    if (!this.#resting) this.#socket.resume();
  }

  #onChunk(chunk: Buffer): void {
    const now = performance.now();
    const isBusy = now - this.#readAt < BUSY_WITHIN_MS;
    this.#readAt = now;
    if (!isBusy || this.#paused || this.#resting || chunk.length >= GATHERED_BYTES) return;
    this.#socket.pause();
    this.#resting = setTimeout(() => {
      this.#resting = undefined;
      this.#readAt = performance.now();
      if (!this.#paused) this.#socket.resume();
    }, GATHER_MS);
  }
}
