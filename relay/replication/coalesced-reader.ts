import type { Readable } from 'node:stream';

/** A piece that comes so soon after the one before belongs to a row of them. */
const ROW_WITHIN_MS = 0.2;
/** A row of so many is not one commit, nor a few at once. */
const ROW_LENGTH = 16;
const REST_MS = 1;
/** Less than this in a rest is not worth the next one. */
const WORTH_BYTES = 4 * 1024;
/** A piece of this size has gathered already. */
const GATHERED_BYTES = 32 * 1024;

/**
 * Reads a socket in larger pieces while much is coming: PostgreSQL sends each message by itself, and to be woken for each costs
 * the reader and the server more than the message. A few pieces are handed on as they come; in a long row of small ones,
 * reading rests for a millisecond after each, and what came meanwhile is handed on as one.
 */
export class CoalescedReader {
  readonly #socket: Readable;
  readonly #now: () => number;
  #paused = false;
  #resting: NodeJS.Timeout | undefined;
  #readAt = Number.NEGATIVE_INFINITY;
  #row = 0;

  constructor(socket: Readable, now: () => number = () => performance.now()) {
    this.#socket = socket;
    this.#now = now;
    socket.on('data', (piece: Buffer) => this.#onPiece(piece));
  }

  pause(): void {
    this.#paused = true;
    this.#socket.pause();
  }

  resume(): void {
    this.#paused = false;
    if (!this.#resting) this.#socket.resume();
  }

  #onPiece(piece: Buffer): void {
    const now = this.#now();
    this.#row = now - this.#readAt < ROW_WITHIN_MS ? this.#row + 1 : 0;
    this.#readAt = now;
    if (this.#row >= ROW_LENGTH && piece.length < GATHERED_BYTES) this.#rest();
  }

  #rest(): void {
    if (this.#paused || this.#resting) return;
    this.#socket.pause();
    this.#resting = setTimeout(() => {
      this.#resting = undefined;
      if (this.#paused) return;
      if (this.#socket.readableLength < WORTH_BYTES) this.#row = 0;
      else this.#readAt = this.#now();
      // All at once: in flow, a stream hands on each piece as it came.
      this.#socket.read();
      if (!this.#resting) this.#socket.resume();
    }, REST_MS);
  }
}
