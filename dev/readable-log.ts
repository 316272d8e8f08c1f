import { styleText } from 'node:util';
import { prettyFactory } from 'pino-pretty';
import { READABLE } from '../src/core/terminal-log.ts';

type Colour = Parameters<typeof styleText>[0];

/** Prints lines of one process for people: what pino wrote made readable, and who wrote it before each. */
export function readableLog(name: string, colour: Colour): (line: string) => void {
  const pretty = prettyFactory({
    ...READABLE,
    colorize: process.stdout.isTTY && process.stdout.hasColors(),
  });
  const label = styleText(colour, `${name.padEnd(5)} | `);
  return (line) => {
    for (const row of pretty(line).trimEnd().split('\n')) process.stdout.write(`${label}${row}\n`);
  };
}
