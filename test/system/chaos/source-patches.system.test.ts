import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { failpoints } from './failpoints.ts';
import { plants } from './plants/plants.ts';
import { inboxFailpoints } from './saga/inbox-failpoints.ts';
import { sagaPlants } from './saga/saga-plants.ts';
import { shortRetention } from './short-retention.ts';
import { applyPatch } from './source-patch.ts';
import { patchEnvironment } from './source-patch-environment.ts';

// A change of the source that moves what they replace moves them too, or the rig proves nothing any more.

for (const { name, patches } of [
  ...plants,
  ...sagaPlants,
  { name: 'the short retention', patches: shortRetention },
  ...[...failpoints, ...inboxFailpoints].map(({ name, patch }) => ({ name, patches: [patch] })),
]) {
  test(`what ${name} replaces stands in the source exactly once`, () => {
    for (const patch of patches) {
      const source = readFileSync(patch.file, 'utf8');
      assert.notEqual(applyPatch(source, patch), source);
    }
  });
}

test('a replacement that has no place, or several, is refused', () => {
  const patch = { file: 'relay/x.ts', find: 'a', replace: 'b' };

  assert.equal(applyPatch('xay', patch), 'xby');
  assert.throws(() => applyPatch('xy', patch), /exactly once: a/);
  assert.throws(() => applyPatch('xaya', patch), /exactly once: a/);
});

test('a process that is to run with an unknown plant does not run', () => {
  const { status, stderr } = spawnSync(process.execPath, ['-e', '0'], {
    env: { ...process.env, ...patchEnvironment({ plant: 'no-such' }) },
    encoding: 'utf8',
  });

  assert.notEqual(status, 0);
  assert.match(stderr, /no plant or failpoint no-such/);
});
