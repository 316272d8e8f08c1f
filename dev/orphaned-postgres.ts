import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';

const STOPS_WITHIN_MS = 30_000;

/**
 * Stops the PostgreSQL that still runs on a data folder because the process that started it was killed. Throws when it does
 * not end. Does nothing when none runs: what is left in the folder then, PostgreSQL deals with when it starts.
 */
export async function stopOrphanedPostgres(dataDir: string): Promise<void> {
  // https://www.postgresql.org/docs/18/storage-file-layout.html: its process, data folder, start time and port, a line each
  const pidFile = join(dataDir, 'postmaster.pid');
  if (!existsSync(pidFile)) return;
  const [pid = '', , , port = ''] = readFileSync(pidFile, 'utf8').split('\n');
  // The number may be another process's by now: only a server that says it has this folder is stopped.
  if ((await dataDirectoryAt(Number(port))) !== dataDir) return;
  process.kill(Number(pid), 'SIGINT');
  const deadline = Date.now() + STOPS_WITHIN_MS;
  while (existsSync(pidFile)) {
    if (Date.now() > deadline) throw new Error(`PostgreSQL, process ${pid}, still has ${dataDir} open`);
    await sleep(50);
  }
}

async function dataDirectoryAt(port: number): Promise<string | undefined> {
  for (;;) {
    const client = new pg.Client({
      connectionString: `postgres://postgres@127.0.0.1:${port}/postgres`,
      connectionTimeoutMillis: 2000,
    });
    try {
      await client.connect();
      const { rows } = await client.query<{ data_directory: string }>('SHOW data_directory');
      return rows[0]?.data_directory;
    } catch (error) {
      const isStartingOrStopping = (error as { code?: string }).code === '57P03';
      if (!isStartingOrStopping) return undefined; // nobody answers, or somebody else
      await sleep(100);
    } finally {
      await client.end();
    }
  }
}
