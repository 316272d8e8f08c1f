import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { watch } from 'chokidar';
import type { ManagedProcess } from './managed-process.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
// An editor, or a change of branch, writes more than one file.
const MORE_CHANGES_WITHIN_MS = 100;
/** Long enough to be seen. */
const DOWN_MS = 1_000;

export interface RestartedProcess {
  readonly name: string;
  /** Its source, as paths from the root of the repository. */
  readonly folders: readonly string[];
  readonly start: () => ManagedProcess;
  /** Gets a line about each restart, and about an end that nobody asked for. */
  readonly say: (line: string) => void;
}

/**
 * Runs a process until `stopped`, and starts it anew, after a graceful stop, whenever its source changes, or it
 * was killed. One that ends by itself waits for a change. Resolves when it has ended.
 *
 * Not by `node --watch`: it loses a file for good that is saved by renaming another one over it (24.21 on Linux), and at times
 * a change of the folders it is told to watch.
 */
export async function runRestarted(program: RestartedProcess, stopped: Promise<void>): Promise<void> {
  const { name, folders, start, say } = program;
  const where = folders.map((folder) => `${folder}/`).join(' or ');
  const sources = watch([...folders], {
    cwd: ROOT,
    ignoreInitial: true,
    ignored: (path, stats) => Boolean(stats?.isFile()) && !path.endsWith('.ts'),
  });
  try {
    await once(sources, 'ready');
    for (;;) {
      const changed = once(sources, 'all').then(([, path]) => String(path));
      let running = start();
      const end = () => Promise.race([running.exited, changed.then(() => undefined), stopped]);
      let ended = await end();
      for (; ended === 'SIGKILL'; ended = await end()) {
        say(`${name} was killed; it is started again`);
        await sleep(DOWN_MS);
        running = start();
      }
      if (ended !== undefined) say(`${name} ${endedBy(ended)}; save a file under ${where} to start it again`);
      const path = await Promise.race([changed, stopped]);
      if (path !== undefined) say(`${path} has changed: ${name} starts again`);
      await running.stop();
      if (path === undefined) return;
      await sleep(MORE_CHANGES_WITHIN_MS);
    }
  } finally {
    await sources.close();
  }
}

/** By its exit code, or by a signal's name. */
function endedBy(how: number | string): string {
  return typeof how === 'number' ? `has ended with ${how}` : `was ended by ${how}`;
}
