import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cleanup, type Scope } from '../support/cleanup.ts';

/** Writes an .env file for each system, none where there are no variables, and beside them the list of all; returns its path. */
export function writeList(
  t: Scope,
  systems: Readonly<Record<string, Readonly<Record<string, string>> | undefined>>,
): string {
  const folder = mkdtempSync(join(tmpdir(), 'doctor-'));
  cleanup(t, () => rmSync(folder, { recursive: true }));
  for (const [name, env] of Object.entries(systems)) {
    if (!env) continue;
    const lines = Object.entries(env).map(([variable, value]) => `${variable}='${value}'`);
    writeFileSync(join(folder, name), lines.join('\n'));
  }
  const list = join(folder, 'systems');
  writeFileSync(list, `# all of them\n\n${Object.keys(systems).join('\n')}\n`);
  return list;
}
