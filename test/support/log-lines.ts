import { createLogger, type Logger } from '../../src/core/log.ts';

export interface LogLine {
  readonly level: string;
  readonly msg: string;
  readonly retryInMs?: number;
}

/** A log whose lines a test can read. */
export function openLog(): { log: Logger; lines: LogLine[] } {
  const lines: LogLine[] = [];
  const destination = { write: (line: string) => void lines.push(JSON.parse(line) as LogLine) };
  return { log: createLogger({ level: 'info', service: 'test', destination }), lines };
}
