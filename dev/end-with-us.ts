import { spawn } from 'node:child_process';

/** Tells who is to be ended; undefined: nobody, for now. */
export type TellPid = (pid: number | undefined) => void;

/** Reads who runs, a line each time, and nothing more once nobody holds the pipe open: then this process is gone, however it ended. */
const GUARD = `
  while read -r line; do pid=$line; done
  [ -z "$pid" ] || kill -s "$1" "$pid" 2>/dev/null
  left=300
  while [ -n "$pid" ] && kill -0 "$pid" 2>/dev/null && [ "$left" -gt 0 ]; do sleep 0.1; left=$((left - 1)); done
  [ -z "$2" ] || rm -rf "$2"`;

/**
 * Ends a process, by this signal, when the one that calls this is gone, also if that was killed; and deletes `folder` after it, if there is
 * one. A shell waits for that, in a session of its own so that Ctrl-C does not reach it. On Windows, which has none, it does nothing.
 */
export function endWithUs(signal: 'INT' | 'QUIT', folder = ''): TellPid {
  if (process.platform === 'win32') return () => undefined;
  const guard = spawn('sh', ['-c', GUARD, 'sh', signal, folder], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  // A shell that cannot be started guards nothing, and one that was killed has to end nobody else.
  guard.once('error', () => undefined);
  guard.stdin.on('error', () => undefined);
  guard.unref();
  (guard.stdin as unknown as { unref(): void }).unref(); // a pipe to a child is a socket, which its type does not say
  return (pid) => void guard.stdin.write(`${pid ?? ''}\n`);
}
