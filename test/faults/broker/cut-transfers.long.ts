import { test } from 'node:test';
import { measureTransfer, sendCutAfter } from './cut-transfers.ts';

const AT_ONCE = 100;

test('a batch that is cut off after any of its bytes is stored whole or not at all, and whole once it is sent again', async (t) => {
  const length = await measureTransfer(t);

  for (let from = 1; from <= length; from += AT_ONCE) {
    const count = Math.min(AT_ONCE, length - from + 1);
    await sendCutAfter(
      t,
      Array.from({ length: count }, (_, n) => from + n),
    );
  }
});
