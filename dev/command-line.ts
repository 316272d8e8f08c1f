import { type ParseArgsConfig, parseArgs } from 'node:util';

const HELP = { help: { type: 'boolean', short: 'h' } } as const;

type Caller = Pick<NodeJS.Process, 'argv' | 'env'> & {
  readonly stdout: { write(text: string): unknown };
  readonly stderr: { write(text: string): unknown };
  exit(code: number): never;
};

/**
 * The options and words that a program is given. `--help` prints the usage and ends the process with 0. What is wrong is told with
 * the usage and ends it with 2; `refuse` does the same for what the program itself finds wrong.
 */
export function commandLine<const T extends ParseArgsConfig>(
  usage: string,
  config: T,
  caller: Caller = process,
) {
  const refuse = (message: string): never => {
    caller.stderr.write(`${message}\n\n${usage}`);
    return caller.exit(2);
  };
  const options = { ...config.options, ...HELP };
  const taken = takenByNpm(Object.keys(options), caller.env);
  if (taken !== undefined) return refuse(taken);
  const given = read();
  if ('help' in given.values) {
    caller.stdout.write(usage);
    return caller.exit(0);
  }
  return { ...given, refuse };

  function read() {
    try {
      const args = caller.argv.slice(2);
      return parseArgs({ ...config, options, args }) as ReturnType<typeof parseArgs<T>>;
    } catch (error) {
      // What Node says after the first sentence is of no use here.
      return refuse((error as Error).message.replace(/\. .*/s, ''));
    }
  }
}

/** What to say when npm keeps an option to itself, as it does with `npm run dev --reset`. */
function takenByNpm(options: readonly string[], env: NodeJS.ProcessEnv): string | undefined {
  const script = env['npm_lifecycle_event'];
  if (script === undefined || script === 'npx') return undefined;
  for (const option of options) {
    const value = env[`npm_config_${option.replaceAll('-', '_')}`];
    if (value === undefined) continue;
    const given = value === 'true' ? `--${option}` : `--${option} ${value}`;
    const command = script === 'test' ? 'npm test' : `npm run ${script}`;
    return `npm has taken --${option} for itself. Write: ${command} -- ${given}`;
  }
  return undefined;
}
