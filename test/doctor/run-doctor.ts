import { execFile } from 'node:child_process';

export interface DoctorRun {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the command with these variables alone. No process of the test is at the usual ports, unless they say so. */
export function runDoctor(env: Record<string, string>, ...args: string[]): Promise<DoctorRun> {
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      ['doctor/main.ts', ...args],
      { env: { PATH: process.env['PATH'] ?? '', PORT: '1', RELAY_PORT: '1', INBOX_PORT: '', ...env } },
      (_error, stdout, stderr) => resolve({ code: child.exitCode ?? -1, stdout, stderr }),
    );
  });
}
