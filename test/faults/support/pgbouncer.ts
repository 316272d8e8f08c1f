import { spawn, spawnSync } from 'node:child_process';
import { chownSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { freePort } from '../../../dev/free-port.ts';
import { serverAccount } from '../../../dev/server-account.ts';
import { cleanup, type Scope } from '../../support/cleanup.ts';
import { document } from '../../support/documents.ts';
import { until } from '../../support/until.ts';

// Debian puts it where only root looks.
const PATH = `${process.env['PATH']}:/usr/sbin`;

/** A PgBouncer that may be installed. */
export interface PgBouncer {
  readonly name: string;
  readonly program: string;
  /** Why a test of it is skipped; false where it is installed. */
  readonly skip: string | false;
  /** Since 1.21: prepared statements of its clients. */
  readonly knowsStatements: boolean;
}

/** The one of the system, and the current one that `.ci/install-pgbouncer` fetches. */
export const PGBOUNCERS: readonly PgBouncer[] = [
  find('the installed one', 'pgbouncer'),
  find('a current one', '/opt/pgbouncer-current/pgbouncer'),
];

function find(name: string, program: string): PgBouncer {
  const { status, stdout } = spawnSync(program, ['--version'], { env: { PATH }, encoding: 'utf8' });
  const [, major = 0, minor = 0] = /(\d+)\.(\d+)/.exec(stdout ?? '') ?? [];
  return {
    name,
    program,
    skip: status !== 0 && `${program} is not installed`,
    knowsStatements: Number(major) > 1 || Number(minor) >= 21,
  };
}

export type PgBouncerSettings = Readonly<Record<string, string>>;

/** What the runbook has in `[pgbouncer]`, as far as this one knows it. */
export function runbookSettings({ knowsStatements }: PgBouncer): PgBouncerSettings {
  const ini = document('docs/runbook.md').blocks.find(({ language }) => language === 'ini pgbouncer');
  const [, section = ''] = ini?.text.split('[pgbouncer]\n') ?? [];
  const settings = Object.fromEntries(
    section.split('\n').flatMap((line) => {
      const [, name, value] = /^(\w+) = (.*)$/.exec(line) ?? [];
      return name && value ? [[name, value]] : [];
    }),
  );
  if (!settings['pool_mode']) throw new Error('The runbook has no ini for PgBouncer');
  const { max_prepared_statements: _, ...old } = settings;
  return knowsStatements ? settings : old;
}

/** A PgBouncer of the test's own before this database; `settings` are lines of its `[pgbouncer]`. Returns the URL through it. */
export async function openPgBouncer(
  t: Scope,
  { program }: PgBouncer,
  url: string,
  settings: PgBouncerSettings,
): Promise<string> {
  const { hostname, port: serverPort, username, password } = new URL(url);
  const port = await freePort();
  const account = serverAccount();
  const folder = mkdtempSync(join(tmpdir(), 'pgbouncer-'));
  cleanup(t, () => rmSync(folder, { recursive: true }));
  const users = join(folder, 'users.txt');
  writeFileSync(users, `"${username}" "${password}"\n`);
  const all = {
    ...settings,
    listen_addr: '127.0.0.1',
    listen_port: String(port),
    unix_socket_dir: '',
    auth_type: 'trust',
    auth_file: users,
  };
  const lines = Object.entries(all).map(([name, value]) => `${name} = ${value}\n`);
  const file = join(folder, 'pgbouncer.ini');
  writeFileSync(file, `[databases]\n* = host=${hostname} port=${serverPort}\n[pgbouncer]\n${lines.join('')}`);
  if (account) for (const path of [folder, users, file]) chownSync(path, account.uid, account.gid);
  const pooler = spawn(program, ['--quiet', file], { env: { PATH }, stdio: 'ignore', ...account });
  const ended = new Promise((done) => pooler.once('exit', done));
  cleanup(t, () => {
    pooler.kill('SIGKILL');
    return ended;
  });
  const pooled = Object.assign(new URL(url), { port: String(port) }).href;
  await until('PgBouncer answers', async () => {
    const client = new pg.Client({ connectionString: pooled });
    client.on('error', () => undefined); // it is asked again
    try {
      await client.connect();
      return true;
    } catch {
      return false;
    } finally {
      await client.end().catch(() => undefined); // nor is it said whether the connection was there
    }
  });
  return pooled;
}
