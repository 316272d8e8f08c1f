import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { TestContext } from 'node:test';
import { cleanup } from './cleanup.ts';

/** A folder for the code of somebody else, with the packages of this repository. It is gone after the test. */
export function packageFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'package-'));
  cleanup(t, () => rmSync(folder, { recursive: true }));
  symlinkSync(resolve('node_modules'), join(folder, 'node_modules'));
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  return folder;
}

/** What the compiler has to say of a file, and of what it imports, at its strictest. */
export function compileStrictly(folder: string, file: string): string {
  const options = ['--noEmit', '--strict', '--exactOptionalPropertyTypes', '--noUncheckedIndexedAccess'];
  const modules = ['--module', 'nodenext', '--target', 'esnext', '--allowImportingTsExtensions'];
  const tsc = resolve('node_modules/typescript-7/bin/tsc');
  return spawnSync(process.execPath, [tsc, ...options, ...modules, file], { cwd: folder, encoding: 'utf8' })
    .stdout;
}
