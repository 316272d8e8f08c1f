import { createRequire } from 'node:module';
import type { DestinationStream } from 'pino';
import type * as pinoPretty from 'pino-pretty';

/** How a line of ours looks to people. */
export const READABLE = {
  translateTime: 'SYS:HH:MM:ss.l',
  ignore: 'service',
  singleLine: true,
} as const;

/** Readable lines on stdout, if that is a terminal; undefined for JSON. An installation for production has no pino-pretty: JSON too. */
export function terminalLog(stdout = process.stdout): DestinationStream | undefined {
  if (!stdout.isTTY) return undefined;
  const pretty = prettyLines(stdout.hasColors());
  return pretty && { write: (line) => void stdout.write(pretty(line)) };
}

function prettyLines(colorize: boolean): ((line: string) => string) | undefined {
  try {
    // Asked for only where it is used: by `import`, it would have to be there always.
    const { prettyFactory } = createRequire(import.meta.url)('pino-pretty') as typeof pinoPretty;
    return prettyFactory({ ...READABLE, colorize });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'MODULE_NOT_FOUND') return undefined;
    throw error;
  }
}
