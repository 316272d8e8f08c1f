import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { cleanup } from '../../support/cleanup.ts';

export interface SmallDisk {
  readonly folder: string;
  resize(megabytes: number): void;
  /** Takes what space is left. */
  fill(): void;
  /** Gives that space back. */
  free(): void;
}

/** A disk of so many megabytes of memory; undefined where this account may not mount one. Open it before what lives on it. */
export function mountSmallDisk(t: TestContext, megabytes: number): SmallDisk | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'order-service-disk-'));
  const mount = (options: string) =>
    spawnSync('mount', ['-t', 'tmpfs', '-o', `mode=0755,${options}`, 'tmpfs', folder]).status === 0;
  if (!mount(`size=${megabytes}m`)) {
    rmdirSync(folder);
    t.skip('mounting a disk needs Linux and root');
    return undefined;
  }
  cleanup(t, () => {
    spawnSync('umount', ['--lazy', folder]);
    rmdirSync(folder);
  });
  const ballast = join(folder, 'ballast');
  return {
    folder,
    resize(size) {
      if (!mount(`remount,size=${size}m`)) throw new Error(`Cannot resize ${folder}`);
    },
    fill() {
      for (const bytes of [1024 * 1024, 4096]) {
        try {
          for (;;) writeFileSync(ballast, Buffer.alloc(bytes), { flag: 'a' });
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
        }
      }
    },
    free: () => rmSync(ballast),
  };
}
