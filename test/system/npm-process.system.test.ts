import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { freePort } from '../../dev/free-port.ts';
import { answers, spawnNpm } from '../support/npm-process.ts';
import { until } from '../support/until.ts';

// npm passes SIGTERM and SIGINT on to what it runs. With a plain `node ...` that is a shell, which dies of it and leaves the
// process behind, without a parent and with its port (npm 10 to 12, dash); hence the `exec` in package.json. Then the process
// gets the signal twice when a terminal (Ctrl-C) or systemd signals the whole group, and the second one must not cut it short.

const skip = process.platform === 'win32' && 'its shell has no exec, and there are no signals';

for (const script of ['api', 'relay'] as const) {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    for (const target of ['npm alone', 'the whole group'] as const) {
      test(`${signal} to ${target} stops npm run ${script} gracefully, with 0`, { skip }, async (t) => {
        const npm = await startNpm(t, script);

        process.kill(target === 'npm alone' ? npm.pid : -npm.pid, signal);

        assert.equal(await npm.exited, 0);
        assert.match(npm.output(), /"msg":"Stopped"/);
        assert.equal(await answers(npm.live), false, 'nothing keeps the port');
      });
    }
  }
}

/** `npm run` of a process, up to the point where the process answers. Without a database: it waits for one. */
async function startNpm(t: TestContext, script: 'api' | 'relay') {
  const port = await freePort();
  const npm = spawnNpm(t, ['run', script], {
    DATABASE_URL: 'postgres://127.0.0.1:1/nowhere',
    SERVICEBUS_CONNECTION_STRING:
      'Endpoint=sb://localhost:1;SharedAccessKeyName=name;SharedAccessKey=key;UseDevelopmentEmulator=true;',
    HOST: '127.0.0.1',
    PORT: String(port),
    RELAY_HOST: '127.0.0.1',
    RELAY_PORT: String(port),
  });
  const live = `http://127.0.0.1:${port}/health/live`;
  await until(`npm run ${script} answers`, () => answers(live));
  return { ...npm, live };
}
