import { setTimeout as sleep } from 'node:timers/promises';
import type { ManagedProcess } from './managed-process.ts';

/** Long enough to be seen. */
const DOWN_MS = 1_000;

/** A relay that is started again whenever it ends, until `stopped`, as a service manager does. */
export class RevivedRelay {
  readonly #start: () => ManagedProcess;
  #running: ManagedProcess;

  constructor(start: () => ManagedProcess, say: (line: string) => void, stopped: AbortSignal) {
    this.#start = start;
    this.#running = start();
    void this.#revive(say, stopped);
  }

  get running(): ManagedProcess {
    return this.#running;
  }

  kill(): void {
    void this.#running.stop('SIGKILL');
  }

  async #revive(say: (line: string) => void, stopped: AbortSignal): Promise<void> {
    for (;;) {
      const how = await this.#running.exited;
      if (stopped.aborted) return;
      say(`The relay has ended with ${how}; it is started again`);
      await sleep(DOWN_MS);
      if (stopped.aborted) return;
      this.#running = this.#start();
    }
  }
}
