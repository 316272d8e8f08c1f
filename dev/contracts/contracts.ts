import { readFile, writeFile } from 'node:fs/promises';
import pg from 'pg';
import { buildApp } from '../../src/app.ts';
import { createLogger } from '../../src/core/log.ts';
import { asyncApiChanges, type EventsDocument } from './asyncapi-changes.ts';
import { type OpenApiDocument, openApiChanges } from './openapi-changes.ts';

/** What others build on: the HTTP API and the events. */
export interface Contracts {
  readonly openapi: OpenApiDocument;
  readonly asyncapi: EventsDocument;
}

const NAMES = ['openapi', 'asyncapi'] as const;
/** Those of the working tree, and those of the last release. */
export const CURRENT = 'docs/contracts';
export const RELEASED = 'docs/contracts/released';

/** As the api serves them. No database is asked. */
export async function servedContracts(): Promise<Contracts> {
  const pool = new pg.Pool({ connectionString: 'postgres://127.0.0.1:1/nowhere' });
  const log = createLogger({ level: 'error', service: 'contracts', destination: process.stderr });
  const app = await buildApp({ pool, log, docs: true });
  try {
    await app.ready();
    return await contractsOf(async (name) => (await app.inject(`/${name}.json`)).json());
  } finally {
    await app.close();
    await pool.end();
  }
}

export function readContracts(folder: string): Promise<Contracts> {
  return contractsOf(async (name) => JSON.parse(await readFile(`${folder}/${name}.json`, 'utf8')));
}

async function contractsOf(read: (name: string) => Promise<unknown>): Promise<Contracts> {
  const [openapi, asyncapi] = await Promise.all(NAMES.map(read));
  return { openapi, asyncapi } as Contracts;
}

export async function writeContracts(folder: string, contracts: Contracts): Promise<void> {
  for (const name of NAMES)
    await writeFile(`${folder}/${name}.json`, `${JSON.stringify(contracts[name], undefined, 2)}\n`);
}

/** Changes since the last release that break somebody and are right all the same, as `brokenContracts` says them. */
export async function acceptedChanges(): Promise<string[]> {
  const reasons = JSON.parse(await readFile(`${CURRENT}/accepted.json`, 'utf8')) as { changes: string[] }[];
  return reasons.flatMap(({ changes }) => changes);
}

/** What breaks those who rely on `before`, in words; nothing if the major of the version has risen. */
export function brokenContracts(before: Contracts, after: Contracts): string[] {
  if (majorOf(after) > majorOf(before)) return [];
  return [
    ...openApiChanges(before.openapi, after.openapi),
    ...asyncApiChanges(before.asyncapi, after.asyncapi),
  ];
}

const majorOf = ({ openapi }: Contracts) => Number(openapi.info.version.split('.')[0]);
