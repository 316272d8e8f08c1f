import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertFound, type Expected } from '../support.ts';
import { EXPECTED_RISKS, type HealthySystem } from './healthy-system.ts';
import { runSql } from './run-sql.ts';

export interface BrokenThing extends Expected {
  readonly breaks: string;
  /** Default: the command that the finding has. */
  readonly mends?: string;
  /** What else makes it as it was before. */
  readonly restores?: string;
}

/** Each thing is broken for real, named by the doctor, and mended, where it is SQL by the very command that the doctor gives. */
export function namesEach(system: HealthySystem, things: Readonly<Record<string, BrokenThing>>): void {
  for (const [name, { breaks, mends, restores = '', ...expected }] of Object.entries(things)) {
    test(`it names ${name}`, async () => {
      await runSql(system.cluster, breaks);

      const found = assertFound(await system.look(), expected);
      const mended = mends ?? found.command ?? '';
      await runSql(system.cluster, mended);
      const again = await system.look();

      assert.deepEqual(again.named('risky'), EXPECTED_RISKS, mended);
      assert.deepEqual(again.named('wrong'), []);
      await runSql(system.cluster, restores);
    });
  }
}
