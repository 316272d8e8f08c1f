import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Mutant } from './find-mutants.ts';

/** A copy of the checkout, what is not committed included, in which one mutant at a time is tried. The caller closes it. */
export class MutatedTree {
  readonly #folder = mkdtempSync(join(tmpdir(), 'mutants-'));

  constructor() {
    const listed = spawnSync('git', ['ls-files', '-co', '--exclude-standard', '-z'], { encoding: 'utf8' });
    for (const path of listed.stdout.split('\0').filter((each) => each !== '' && existsSync(each))) {
      cpSync(path, join(this.#folder, path));
    }
    symlinkSync(resolve('node_modules'), join(this.#folder, 'node_modules'));
  }

  /** Returns whether one of the stages fails with this mutant: then it is found. */
  async finds(mutant: Mutant, stages: readonly (readonly string[])[], withinMs: number): Promise<boolean> {
    const path = join(this.#folder, mutant.file);
    const source = readFileSync(path, 'utf8');
    writeFileSync(path, source.slice(0, mutant.start) + mutant.text + source.slice(mutant.end));
    try {
      for (const tests of stages) if (!(await this.passes(tests, withinMs))) return true;
      return false;
    } finally {
      writeFileSync(path, source);
    }
  }

  /** Runs test files of the copy; those that have not ended by then, since a mutant may run for ever, have failed. */
  async passes(tests: readonly string[], withinMs: number): Promise<boolean> {
    if (tests.length === 0) return true;
    const run = spawn(process.execPath, ['test/runner/main.ts', ...tests], {
      cwd: this.#folder,
      stdio: 'ignore',
    });
    // The runner clears away what it has started; a mutant that keeps it busy does not let it.
    const late = [
      setTimeout(() => run.kill('SIGTERM'), withinMs),
      setTimeout(() => run.kill('SIGKILL'), withinMs + 10_000),
    ];
    await once(run, 'exit');
    for (const timer of late) clearTimeout(timer);
    return run.exitCode === 0;
  }

  close(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
