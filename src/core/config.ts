import { readFileSync } from 'node:fs';
import { type Static, type TObject, Type } from '@sinclair/typebox';
import { type EnvSchemaOpt, envSchema } from 'env-schema';
import { databaseAuth } from './database-auth.ts';
import { AppError } from './errors.ts';
import { postgresUrlFault } from './postgres-url.ts';
import { telemetryProperties } from './telemetry/telemetry-config.ts';

/** What a pattern cannot say: what is wrong with this value beside the others, in words; undefined if nothing is. */
export type Check<Value = string> = (
  value: Value,
  config: Readonly<Record<string, unknown>>,
) => string | undefined;

/** The URL of a database, for pg. */
export const databaseUrl = (description: string) =>
  Type.String({ pattern: '^postgres(ql)?://', description, check: postgresUrlFault satisfies Check });

/** What the log and the database call a process. */
export const serviceNameConfig = (defaultName: string) =>
  Type.String({ default: defaultName, minLength: 1, description: 'a name' });

/** What every process reads from the environment. */
export const sharedConfig = {
  DATABASE_URL: databaseUrl('postgres://user:password@host:port/database'),
  DATABASE_AUTH: databaseAuth,
  LOG_LEVEL: Type.Union(
    ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'].map((level) => Type.Literal(level)),
    { default: 'info', description: 'one of fatal, error, warn, info, debug, trace, silent' },
  ),
  SERVICE_NAME: serviceNameConfig('OrderService'),
  ...telemetryProperties,
};

/** Of a process that works behind a transaction pooler. */
export const poolerConfig = Type.Optional(
  Type.Literal('transaction', { description: 'transaction, or unset to find out' }),
);

/** A time, for `parseRetention`; without a default it may be left out. */
export const durationConfig = (options: { readonly default?: string } = {}) =>
  Type.String({
    ...options,
    pattern: '^[1-9][0-9]{0,4}[mhd]$',
    description: 'a number of days, hours or minutes such as 1d, 2h or 15m',
  });

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
    valid.push(envSchema<Static<S>>({ schema, data: values, env: false, ajv: withChecks }));
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

/** Whether what is to be known of traces and metrics before all else can be relied on. */
export function isValidTelemetry(env: NodeJS.ProcessEnv): boolean {
  try {
    loadConfig(Type.Object(telemetryProperties), env);
    return true;
  } catch (error) {
    if (error instanceof AppError) return false;
    throw error;
  }
}

/** Teaches Ajv the keyword `check`. */
const withChecks: NonNullable<EnvSchemaOpt['ajv']> = {
  customOptions: (ajv) =>
    ajv.addKeyword({
      keyword: 'check',
      type: ['string', 'boolean'],
      errors: true,
      validate: passesCheck,
    }),
};

function passesCheck(
  check: Check<unknown>,
  value: unknown,
  _schema?: unknown,
  context?: { parentData: Readonly<Record<string, unknown>> },
): boolean {
  const message = check(value, context?.parentData ?? {});
  passesCheck.errors = message === undefined ? [] : [{ keyword: 'check', message, params: {} }];
  return message === undefined;
}
passesCheck.errors = [] as AjvFault[];

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

interface AjvFault {
  keyword: string;
  message?: string;
  params: { missingProperty?: string };
}

interface AjvError extends AjvFault {
  instancePath: string;
}

function namedFaults(errors: AjvError[], schema: TObject): string[] {
  // An anyOf says only that one of the others is the matter.
  return errors
    .filter(({ keyword }) => keyword !== 'anyOf')
    .map((error) => {
      const name = error.params.missingProperty ?? error.instancePath.slice(1);
      const wanted = schema.properties[name]?.description ?? 'see docs/reference.md';
      const fault = error.keyword === 'check' ? `bad value (${error.message})` : 'bad value';
      return `  ${name}: ${error.params.missingProperty ? 'missing' : fault}; it must be ${wanted}`;
    });
}
