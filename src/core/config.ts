import { readFileSync } from 'node:fs';
import { type Static, type TObject, Type } from '@sinclair/typebox';
import { envSchema } from 'env-schema';
import { AppError } from './errors.ts';

/** What both processes read from the environment. */
export const sharedConfig = {
  DATABASE_URL: Type.String({
    pattern: '^postgres(ql)?://',
    description: 'postgres://user:password@host:port/database',
  }),
  LOG_LEVEL: Type.Union(
    ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'].map((level) => Type.Literal(level)),
    { default: 'info', description: 'one of fatal, error, warn, info, debug, trace, silent' },
  ),
  SERVICE_NAME: Type.String({ default: 'OrderService', minLength: 1, description: 'a name' }),
};

/** A TCP port; 0 lets the system choose. */
export const portConfig = (defaultPort: number) =>
  Type.Integer({ default: defaultPort, minimum: 0, maximum: 65535, description: 'a port from 0 to 65535' });

/**
 * The checked, frozen configuration. A variable may also come as `NAME_FILE`, the path of a file that holds it.
 * Throws CONFIG_INVALID that names every bad variable at once.
 */
export function loadConfig<S extends TObject>(schema: S, env: NodeJS.ProcessEnv): Readonly<Static<S>> {
  const names = Object.keys(schema.properties);
  const { values, faults } = readVariables(names, env);
  const valid: Static<S>[] = [];
  try {
    valid.push(envSchema<Static<S>>({ schema, data: values, env: false }));
  } catch (error) {
    const refused = (error as { errors?: AjvError[] }).errors ?? [];
    faults.push(...namedFaults(refused, schema));
  }
  const [config] = valid;
  if (faults.length > 0 || config === undefined) {
    throw new AppError('CONFIG_INVALID', `Bad configuration:\n${[...new Set(faults)].join('\n')}`);
  }
  return Object.freeze(config);
}

function readVariables(names: string[], env: NodeJS.ProcessEnv) {
  const values: Record<string, string> = {};
  const faults: string[] = [];
  for (const name of names) {
    const path = env[`${name}_FILE`];
    // An empty value is how compose files and CI systems write "not set".
    if (env[name]) values[name] = env[name];
    else if (path) {
      try {
        values[name] = readFileSync(path, 'utf8').trim();
      } catch (error) {
        faults.push(`  ${name}_FILE: cannot read ${path} (${(error as Error).message})`);
      }
    }
  }
  return { values, faults };
}

interface AjvError {
  instancePath: string;
  keyword: string;
  params: { missingProperty?: string };
}

function namedFaults(errors: AjvError[], schema: TObject): string[] {
  // An anyOf says only that one of the others is the matter.
  return errors
    .filter(({ keyword }) => keyword !== 'anyOf')
    .map((error) => {
      const name = error.params.missingProperty ?? error.instancePath.slice(1);
      const wanted = schema.properties[name]?.description ?? 'see docs/reference.md';
      return `  ${name}: ${error.params.missingProperty ? 'missing' : 'bad value'}; it must be ${wanted}`;
    });
}
