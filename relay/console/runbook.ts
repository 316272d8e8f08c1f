import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const RUNBOOK = join(import.meta.dirname, '../../docs/runbook.md');

/** The Markdown of a section of docs/runbook.md; undefined if there is none of this title. Throws what `fs` throws if there is no runbook. */
export function runbookSection(title: string): string | undefined {
  const [, ...sections] = readFileSync(RUNBOOK, 'utf8').split(/^## /m);
  const section = sections.find((text) => text.startsWith(`${title}\n`));
  return section?.slice(title.length).trim();
}
