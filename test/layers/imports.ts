import { globSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';

export function repository(): Map<string, string> {
  const paths = globSync(['{src,relay,doctor,examples,dev,bench,test}/**/*.ts', '*.ts']);
  return new Map(paths.map((path) => [path.replaceAll('\\', '/'), readFileSync(path, 'utf8')]));
}

/** What a file imports, as "static src/app.ts" or "type pg". */
export function importsOf(path: string, text: string): string[] {
  const statement =
    /^\s*(?:import|export)\b(\s+type\b)?[^'";]*?\bfrom\s*'([^']+)'|^\s*import\s*'([^']+)'|\bimport\(\s*['`]([^'`]+)['`]/gm;
  return [...withoutComments(text).matchAll(statement)].map(([, type, from, bare, dynamic]) => {
    const kind = dynamic ? 'dynamic' : type ? 'type' : 'static';
    const target = from ?? bare ?? dynamic ?? '';
    return `${kind} ${target.startsWith('.') ? posix.join(posix.dirname(path), target) : target}`;
  });
}

export function withoutComments(text: string): string {
  return text.replaceAll(/^\s*\/\*[\s\S]*?\*\/|(?<=^|\s)\/\/.*$/gm, '');
}

/** Files and packages that come with a file, whichever way; with `types` also those that Node does not load. */
export function loadedBy(
  path: string,
  files: ReadonlyMap<string, string>,
  { types } = { types: false },
): Set<string> {
  const loaded = new Set([path]);
  for (const file of loaded) {
    for (const one of importsOf(file, files.get(file) ?? '')) {
      const [kind, target = ''] = one.split(' ');
      if (kind !== 'type' || types) loaded.add(target);
    }
  }
  return loaded;
}

export function findCycle(files: ReadonlyMap<string, string>): string[] | undefined {
  const done = new Set<string>();
  const visit = (path: string, above: readonly string[]): string[] | undefined => {
    if (above.includes(path)) return [...above.slice(above.indexOf(path)), path];
    if (done.has(path)) return undefined;
    for (const one of importsOf(path, files.get(path) ?? '')) {
      const [kind, target = ''] = one.split(' ');
      // Node erases imports of types; outside the tests they count all the same.
      if (!files.has(target) || (kind === 'type' && /^(bench|test)\//.test(path))) continue;
      const cycle = visit(target, [...above, path]);
      if (cycle) return cycle;
    }
    done.add(path);
    return undefined;
  };
  for (const path of files.keys()) {
    const cycle = visit(path, []);
    if (cycle) return cycle;
  }
  return undefined;
}
