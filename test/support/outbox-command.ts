import { execFile } from 'node:child_process';

export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the operator's command on this database, as `npm run outbox -- ...args` does. */
export function runOutbox(url: string, ...args: string[]): Promise<CommandResult> {
  return runOutboxIn({ DATABASE_URL: url }, ...args);
}

/** The same with this environment alone. */
export function runOutboxIn(env: Record<string, string>, ...args: string[]): Promise<CommandResult> {
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      ['relay/admin/cli/main.ts', ...args],
      { env: { PATH: process.env['PATH'] ?? '', ...env } },
      (_error, stdout, stderr) => resolve({ code: child.exitCode ?? -1, stdout, stderr }),
    );
  });
}
