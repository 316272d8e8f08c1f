import { readFileSync } from 'node:fs';
import journal from '../../drizzle/meta/_journal.json' with { type: 'json' };

/** The migrations of a database, in the order in which they are applied. */
export interface Migrations {
  readonly entries: readonly { readonly tag: string; readonly when: number }[];
  /** Where they are, unless they are those of the order service. */
  readonly folder?: string;
}

/** Those of the order service. */
export const orderMigrations: Migrations = { entries: journal.entries };

/** Those that drizzle-kit has made in this folder. Throws what Node throws for a folder that has none. */
export function readMigrations(folder: string): Migrations {
  const { entries } = JSON.parse(readFileSync(`${folder}/meta/_journal.json`, 'utf8')) as typeof journal;
  return { entries, folder };
}
