import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { parseEnv } from 'node:util';
import { reasonOf } from './check.ts';
import { type ExamineOptions, examineSystem } from './examine.ts';
import { type Finding, wrong } from './finding.ts';

/** Each has up to three sessions and a broker's connection: more at a time would be a load of its own. */
const AT_A_TIME = 8;

/** The .env files that a list names, one a line, as written there; empty lines and those that begin with # are none. */
export function listedSystems(list: string): string[] {
  return list
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
}

/**
 * Looks at every system of the list at this path, each by its own .env file alone, whatever this process has in its environment.
 * A file that cannot be read is a finding; throws if the list itself cannot be read, or names none.
 */
export async function examineSystems(listPath: string, options?: ExamineOptions): Promise<Finding[]> {
  const systems = listedSystems(readFileSync(listPath, 'utf8'));
  if (systems.length === 0) throw new TypeError(`${listPath} names no .env file`);
  const found = new Map<string, Finding[]>(systems.map((system) => [system, []]));
  const waiting = found.keys();
  const examineNext = async () => {
    for (const system of waiting)
      found.set(system, await examineFile(resolve(dirname(listPath), system), options));
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, examineNext));
  return [...found].flatMap(([system, findings]) => findings.map((finding) => ({ system, ...finding })));
}

async function examineFile(path: string, options?: ExamineOptions): Promise<Finding[]> {
  try {
    return await examineSystem(parseEnv(readFileSync(path, 'utf8')), options);
  } catch (error) {
    return [{ group: 'Configuration', check: 'environment file', ...wrong(reasonOf(error)) }];
  }
}
