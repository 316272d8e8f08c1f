import { existsSync } from 'node:fs';
import { parseArgs, styleText } from 'node:util';
import { describeError } from '../src/core/log.ts';
import { HALVES, type Half } from './configuration.ts';
import { type ExamineOptions, examineSystem } from './examine.ts';
import { examineSystems } from './examine-systems.ts';
import type { Finding, Verdict } from './finding.ts';
import { exitCode, textReport } from './report.ts';

const USAGE = `What is right, risky or wrong with the system that the environment leads to: npm run doctor -- [api|relay|inbox] [OPTION]
It looks and changes nothing. Without a word it looks at every process, as far as it is configured here.

  --all FILE         at many systems: FILE names the .env file of each, one a line
  --json             for programs
  --emulator-port N  where a local Service Bus answers about its entities (5300)

Exit codes: 0 nothing is wrong, 1 something is, 2 wrong usage.
`;

interface Given {
  readonly json: boolean;
  /** The list of systems, if there are many. */
  readonly all: string | undefined;
  readonly options: ExamineOptions;
}

const COLOURS = { right: 'green', risky: 'yellow', wrong: 'red', 'cannot tell': 'gray' } as const;

await main();

async function main(): Promise<void> {
  const given = readArguments();
  const findings = given && (await examineGiven(given));
  if (!findings) return;
  process.exitCode = exitCode(findings);
  const text = given.json ? JSON.stringify({ findings }, undefined, 2) : textReport(findings, paint);
  process.stdout.write(`${text}\n`);
}

/** Undefined when the list of --all is none. */
async function examineGiven({ all, options }: Given): Promise<Finding[] | undefined> {
  if (all === undefined) {
    if (existsSync('.env')) process.loadEnvFile('.env');
    return examineSystem(process.env, options);
  }
  try {
    return await examineSystems(all, options);
  } catch (error) {
    refuse(error);
    return undefined;
  }
}

/** Undefined when nothing is to be looked at. */
function readArguments(): Given | undefined {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        json: { type: 'boolean', default: false },
        all: { type: 'string' },
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
    const options = { emulatorPort, ...(halves.length > 0 && { halves }) };
    return { json: values.json, all: values.all, options };
  } catch (error) {
    refuse(error);
    return undefined;
  }
}

function refuse(error: unknown): void {
  process.stderr.write(`${describeError(error).message}\n\n${USAGE}`);
  process.exitCode = 2;
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
