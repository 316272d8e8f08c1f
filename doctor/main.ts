import { existsSync } from 'node:fs';
import { parseArgs, styleText } from 'node:util';
import { describeError } from '../src/core/log.ts';
import { HALVES, type Half } from './configuration.ts';
import { type ExamineOptions, examineSystem } from './examine.ts';
import type { Verdict } from './finding.ts';
import { exitCode, textReport } from './report.ts';

const USAGE = `What is right, risky or wrong with the system that the environment leads to: npm run doctor -- [api|relay|inbox] [OPTION]
It looks and changes nothing. Without a word it looks at every process, as far as it is configured here.

  --json             for programs
  --emulator-port N  where a local Service Bus answers about its entities (5300)

Exit codes: 0 nothing is wrong, 1 something is, 2 wrong usage.
`;

const COLOURS = { right: 'green', risky: 'yellow', wrong: 'red', 'cannot tell': 'gray' } as const;

await main();

async function main(): Promise<void> {
  const given = readArguments();
  if (!given) return;
  if (existsSync('.env')) process.loadEnvFile('.env');
  const findings = await examineSystem(process.env, given.options);
  process.exitCode = exitCode(findings);
  const text = given.json ? JSON.stringify({ findings }, undefined, 2) : textReport(findings, paint);
  process.stdout.write(`${text}\n`);
}

/** Undefined when nothing is to be looked at. */
function readArguments(): { readonly json: boolean; readonly options: ExamineOptions } | undefined {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        json: { type: 'boolean', default: false },
        'emulator-port': { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    });
    if (values.help) {
      process.stdout.write(USAGE);
      return undefined;
    }
    const halves = positionals.map(toHalf);
    const emulatorPort = toPort(values['emulator-port']);
    return { json: values.json, options: { emulatorPort, ...(halves.length > 0 && { halves }) } };
  } catch (error) {
    process.stderr.write(`${describeError(error).message}\n\n${USAGE}`);
    process.exitCode = 2;
    return undefined;
  }
}

function toHalf(word: string): Half {
  const half = HALVES.find((name) => name === word);
  if (half) return half;
  throw new TypeError(`There is no process ${word}: it is ${HALVES.join(', ')}`);
}

function toPort(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^\d{1,5}$/.test(text) && Number(text) < 65_536) return Number(text);
  throw new TypeError(`--emulator-port must be a port, not ${text}`);
}

/** In a terminal that shows colours. */
function paint(verdict: Verdict, text: string): string {
  return styleText(COLOURS[verdict], text, { stream: process.stdout });
}
