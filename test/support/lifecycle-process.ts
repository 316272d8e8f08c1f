import { setTimeout as delay } from 'node:timers/promises';
import { Type } from '@sinclair/typebox';
import { portConfig, sharedConfig } from '../../src/core/config.ts';
import { runProcess } from '../../src/core/lifecycle.ts';

// A process that opens two things and then does what BEHAVIOUR says.

const config = Type.Object({
  ...sharedConfig,
  PORT: portConfig(5000),
  BEHAVIOUR: Type.String({ description: 'a behaviour' }),
});

await runProcess(
  config,
  process.env,
  async ({ config: { BEHAVIOUR, ...rest }, log, stopping, onClose, fail }) => {
    log.info({ config: rest }, 'Starting');
    const alive = setInterval(() => undefined, 1000);
    onClose('first', async () => {
      clearInterval(alive);
      log.info('first closed');
    });
    onClose('second', async () => {
      log.info('second closed');
      if (BEHAVIOUR === 'close fails') throw new Error('cannot close');
      if (BEHAVIOUR === 'close hangs') await new Promise(() => undefined);
    });
    if (BEHAVIOUR === 'fails while closing waits for it') {
      const running = delay(50).then(() => Promise.reject(new Error('failed once')));
      running.catch(fail);
      onClose('third', () => running);
    }
    if (BEHAVIOUR === 'fails to start') throw new Error('cannot start');
    if (BEHAVIOUR === 'fails at once') fail(new Error('failed at once'));
    if (BEHAVIOUR === 'fails later') setTimeout(() => fail(new Error('failed later')), 50);
    if (BEHAVIOUR === 'rejects') setTimeout(() => void Promise.reject(new Error('nobody caught me')), 50);
    if (BEHAVIOUR === 'starts slowly') {
      log.info('Still starting');
      await delay(60_000, undefined, { signal: stopping }).catch(() => undefined);
      await delay(100);
      onClose('third', async () => log.info('third closed'));
    }
    log.info('Started');
  },
);
