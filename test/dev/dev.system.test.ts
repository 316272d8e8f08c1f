import assert from 'node:assert/strict';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { stopOrphanedPostgres } from '../../dev/orphaned-postgres.ts';
import { tutorialOrder } from '../../dev/tutorial-order.ts';
import { answers, spawnNpm } from '../support/npm-process.ts';
import { until } from '../support/until.ts';

// `npm run dev` on a copy of this repository, whose files can be changed. The tests after the first find what it has left.

const skip = process.platform === 'win32' && 'there are no signals';
// Four starts, each with a migration, and six restarts: half a minute, and much longer beside other tests.
const timeout = 290_000;

test('npm run dev', { skip, timeout }, async (t) => {
  const folder = copyOfRepository(t);
  let orderUrl = '';

  await t.test('starts a process again when its source changes, and only that one', async (t) => {
    const dev = await startDev(t, folder);
    orderUrl = await postOrder(dev.apiUrl);

    edit(folder, 'src/main.ts', (text) => `console.log('the api, changed');\n${text}`);
    await dev.says(/api +\| the api, changed/);
    assert.doesNotMatch(dev.output(), /relay starts again/);

    // Twice by a rename, as many editors save: what watches the old file alone misses the second.
    for (const times of ['once', 'twice']) {
      replace(folder, 'src/core/config.ts', (text) => `console.log('both, changed ${times}');\n${text}`);
      await dev.says(new RegExp(`api +\\| both, changed ${times}`));
      await dev.says(new RegExp(`relay +\\| both, changed ${times}`));
    }
    await until('the api answers again', () => answers(dev.apiUrl + orderUrl));

    await dev.stop('SIGTERM', 'npm alone');
  });

  await t.test(
    'keeps the database, waits for a change when a process cannot start, and does not run twice',
    async (t) => {
      const dev = await startDev(t, folder);
      assert.equal((await fetch(dev.apiUrl + orderUrl)).status, 200);

      edit(folder, 'relay/main.ts', (text) => `let let = 1;\n${text}`);
      await dev.says(
        /dev +\| relay has ended with 1; save a file under relay\/ or src\/core\/ to start it again/,
      );
      edit(folder, 'relay/main.ts', (text) => text.replace('let let = 1;', "console.log('mended');"));
      await dev.says(/relay +\| mended/);

      const second = spawnNpm(t, ['--prefix', folder, 'run', 'dev']);
      assert.equal(await second.exited, 1);
      assert.match(second.output(), /npm run dev is running already, as process \d+, on .*\.dev/);
      assert.equal((await fetch(dev.apiUrl + orderUrl)).status, 200);

      const [postmaster] = readFileSync(join(folder, '.dev/postgres/data/postmaster.pid'), 'utf8').split(
        '\n',
      );
      process.kill(Number(postmaster), 'SIGKILL');
      await dev.says(/PostgreSQL has ended with SIGKILL; it is started again[\s\S]*PostgreSQL runs again/);
      await until('the api finds the order again', () => answers(dev.apiUrl + orderUrl));

      // What follows starts on what a kill has left: a PostgreSQL that still runs, and the lock.
      process.kill(-dev.pid, 'SIGKILL');
      await until('api and relay have ended', async () => (await openPorts(dev.processPorts)).length === 0);
    },
  );

  await t.test('starts after it was killed, on the same database', async (t) => {
    const dev = await startDev(t, folder);

    assert.equal((await fetch(dev.apiUrl + orderUrl)).status, 200);
    await dev.stop('SIGINT', 'the whole group');
  });

  await t.test('starts empty with --reset, and with an inbox with --inbox', async (t) => {
    const dev = await startDev(t, folder, '--reset', '--inbox');

    const [, inboxUrl = ''] = /^ {2}inbox +(http\S+)$/m.exec(dev.output()) ?? [];
    const { consumers } = (await (await fetch(inboxUrl)).json()) as { consumers: object };
    assert.deepEqual(Object.keys(consumers), [
      'inventory/order-service',
      'payments/order-service',
      'shipping/order-service',
    ]);

    assert.equal((await fetch(dev.apiUrl + orderUrl)).status, 404);
    await dev.stop('SIGHUP', 'the whole group');
    assert.ok(existsSync(join(folder, '.dev/postgres/data/PG_VERSION')), 'its data are in the checkout');
  });
});

/** What `npm run dev` needs, in a folder that PostgreSQL's account may enter. */
function copyOfRepository(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'dev-'));
  t.after(async () => {
    await stopOrphanedPostgres(join(folder, '.dev/postgres/data'));
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  });
  chmodSync(folder, 0o755);
  for (const path of ['package.json', 'drizzle.config.ts', 'drizzle', 'src', 'relay', 'dev']) {
    cpSync(path, join(folder, path), { recursive: true });
  }
  symlinkSync(join(process.cwd(), 'node_modules'), join(folder, 'node_modules'), 'junction');
  return folder;
}

/** Runs it until both processes are ready. */
async function startDev(t: TestContext, folder: string, ...flags: string[]) {
  const args = ['--prefix', folder, 'run', 'dev', '--', '--any-ports', ...flags];
  const npm = spawnNpm(t, args, { TMPDIR: tmpdir() });
  const says = (pattern: RegExp) =>
    until(`it says ${pattern}`, () => pattern.test(npm.output()), 120_000).catch((cause) => {
      throw new Error(`It said:\n${npm.output()}`, { cause });
    });
  await says(/curl -i -X POST/);
  const addresses = npm.output().slice(npm.output().indexOf('Everything is running'));
  const ports = [...addresses.matchAll(/(?:127\.0\.0\.1|localhost):(\d+)/g)].map(([, port]) => Number(port));
  const [api = 0, , relay = 0, ...others] = ports;
  return {
    ...npm,
    says,
    apiUrl: `http://127.0.0.1:${api}`,
    processPorts: [api, relay],
    /** Signals it, waits for its end, and looks for what it may have left. */
    async stop(signal: NodeJS.Signals, target: 'npm alone' | 'the whole group') {
      process.kill(target === 'npm alone' ? npm.pid : -npm.pid, signal);
      await npm.closed;
      assert.match(npm.output(), /Stopping everything\n$/);
      assert.deepEqual(await openPorts([api, relay, ...others]), []);
    },
  };
}

async function postOrder(apiUrl: string): Promise<string> {
  const answer = await fetch(`${apiUrl}/api/orders`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(tutorialOrder),
  });
  assert.equal(answer.status, 201);
  return answer.headers.get('location') ?? '';
}

function edit(folder: string, path: string, change: (text: string) => string): void {
  const file = join(folder, path);
  writeFileSync(file, change(readFileSync(file, 'utf8')));
}

/** Saves as an editor does that never leaves half a file. */
function replace(folder: string, path: string, change: (text: string) => string): void {
  const file = join(folder, path);
  writeFileSync(`${file}~`, change(readFileSync(file, 'utf8')));
  renameSync(`${file}~`, file);
}

async function openPorts(ports: readonly number[]): Promise<number[]> {
  const open = await Promise.all(ports.map(isOpen));
  return ports.filter((_, n) => open[n]);
}

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('error', () => resolve(false));
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
  });
}
