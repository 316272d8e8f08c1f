import { createWriteStream, readFileSync, type WriteStream } from 'node:fs';

export interface HistoryLine {
  /** Epoch milliseconds. */
  readonly at: number;
  /** What happened: "create begin", "fault", "relay-0 exited". */
  readonly what: string;
  readonly [detail: string]: unknown;
}

/** What the rig did and was answered, in order, as JSON lines in a file. */
export class History {
  readonly #path: string;
  readonly #file: WriteStream;

  constructor(path: string) {
    this.#path = path;
    this.#file = createWriteStream(path);
  }

  add(what: string, detail: Readonly<Record<string, unknown>> = {}): void {
    this.#file.write(`${JSON.stringify({ at: Date.now(), what, ...detail })}\n`);
  }

  async close(): Promise<void> {
    await new Promise((done) => this.#file.end(done));
  }

  /** All of it, after `close`. */
  read(): HistoryLine[] {
    const lines = readFileSync(this.#path, 'utf8').split('\n');
    return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as HistoryLine);
  }
}
