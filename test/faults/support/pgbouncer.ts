import { spawn, spawnSync } from 'node:child_process';
import { chownSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { freePort } from '../../../dev/free-port.ts';
import { serverAccount } from '../../../dev/server-account.ts';
import { cleanup, type Scope } from '../../support/cleanup.ts';
import { until } from '../../support/until.ts';

// Debian puts it where only root looks.
const PATH = `${process.env['PATH']}:/usr/sbin`;

/** Why a test of it is skipped; false where PgBouncer is installed. */
export const withoutPgBouncer =
  spawnSync('pgbouncer', ['--version'], { env: { PATH } }).status !== 0 && 'PgBouncer is not installed';

/** A PgBouncer of the test's own before this database; `settings` are lines of its `[pgbouncer]`. Returns the URL through it. */
export async function openPgBouncer(
  t: Scope,
  url: string,
  settings: Readonly<Record<string, string>>,
): Promise<string> {
  const { hostname, port: serverPort, username, password } = new URL(url);
  const port = await freePort();
  const account = serverAccount();
  const folder = mkdtempSync(join(tmpdir(), 'pgbouncer-'));
  cleanup(t, () => rmSync(folder, { recursive: true }));
  const users = join(folder, 'users.txt');
  writeFileSync(users, `"${username}" "${password}"\n`);
  const all = {
    listen_addr: '127.0.0.1',
    listen_port: String(port),
    unix_socket_dir: '',
    auth_type: 'trust',
    auth_file: users,
    ...settings,
  };
  const lines = Object.entries(all).map(([name, value]) => `${name} = ${value}\n`);
  const file = join(folder, 'pgbouncer.ini');
  writeFileSync(file, `[databases]\n* = host=${hostname} port=${serverPort}\n[pgbouncer]\n${lines.join('')}`);
  if (account) for (const path of [folder, users, file]) chownSync(path, account.uid, account.gid);
  const pooler = spawn('pgbouncer', ['--quiet', file], { env: { PATH }, stdio: 'ignore', ...account });
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
