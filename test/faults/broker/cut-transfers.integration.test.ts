import { test } from 'node:test';
import { measureTransfer, sendCutAfter } from './cut-transfers.ts';

test('a batch that is cut off at any of many bytes is stored whole or not at all, and whole once it is sent again', async (t) => {
  const length = await measureTransfer(t);
  const step = Math.ceil(length / 30);

  await sendCutAfter(
    t,
    Array.from({ length }, (_, n) => n + 1).filter((n) => n % step === 1 || n >= length - 1),
  );
});
