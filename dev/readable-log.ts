import { styleText } from 'node:util';
import { prettyFactory } from 'pino-pretty';

type Colour = Parameters<typeof styleText>[0];

/** Prints lines of one process for people: what pino wrote made readable, and who wrote it before each. */
export function readableLog(name: string, colour: Colour): (line: string) => void {
  const pretty = prettyFactory({
    colorize: process.stdout.isTTY && process.stdout.hasColors(),
    translateTime: 'SYS:HH:MM:ss.l',
    ignore: 'service',
    singleLine: true,
  });
  const label = styleText(colour, `${name.padEnd(5)} | `);
  return (line) => {
    for (const row of pretty(line).trimEnd().split('\n')) process.stdout.write(`${label}${row}\n`);
  };
}
