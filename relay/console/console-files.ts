import { readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface ConsoleFile {
  readonly type: string;
  readonly text: string;
}

const PAGE = join(import.meta.dirname, 'page');
const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** Every file of the page by its name, as it is served, with those of uPlot from its package. */
export function readConsoleFiles(): ReadonlyMap<string, ConsoleFile> {
  const ours = readdirSync(PAGE).map((name) => [name, join(PAGE, name)] as const);
  const charts = ['uPlot.iife.min.js', 'uPlot.min.css'].map(
    (name) => [name, fileURLToPath(import.meta.resolve(`uplot/dist/${name}`))] as const,
  );
  return new Map(
    [...ours, ...charts].map(([name, path]) => [
      name,
      { type: TYPES[extname(name)] ?? 'text/plain; charset=utf-8', text: readFileSync(path, 'utf8') },
    ]),
  );
}
