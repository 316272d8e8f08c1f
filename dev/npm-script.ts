import { readFileSync } from 'node:fs';

export interface NodeCommand {
  readonly env: Readonly<Record<string, string>>;
  /** What node is given. */
  readonly args: readonly string[];
}

/** The processes of the system. */
export type Service = 'api' | 'relay' | 'inbox';
/** The services of examples/. */
export type Example = 'inventory' | 'payments';

/** What `npm run NAME` executes. */
export function npmScript(name: Service | Example): NodeCommand {
  const manifest = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  const { scripts } = JSON.parse(manifest) as { scripts: Record<string, string> };
  const [, variables = '', args] = /^exec (?:env (.*) )?node (.*)$/.exec(scripts[name] ?? '') ?? [];
  if (args === undefined) throw new Error(`The script ${name} does not execute node`);
  const env = variables
    .split(' ')
    .filter(Boolean)
    .map((variable) => variable.split('=') as [string, string]);
  return { env: Object.fromEntries(env), args: args.split(' ') };
}
