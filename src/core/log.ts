import { type DestinationStream, type Logger, pino, stdSerializers } from 'pino';

export type { Logger };

// Lines are gathered for a moment, which a SIGKILL may take: to write each by itself costs a tenth of an order
// (docs/decisions/transaction.md). Not on the thread that logs: a reader who has stopped must not stop it.
const STDOUT = { fd: 1, sync: false, minLength: 4096, periodicFlush: 25 };

/** JSON lines, on stdout unless told otherwise. Errors are written without query parameters or row values, which hold customers' addresses. */
export function createLogger(options: LogOptions): Logger {
  const settings = {
    level: options.level,
    base: { service: options.service },
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label: string) => ({ level: label }) },
    serializers: { ...stdSerializers, err: describeError, error: describeError },
  };
  return pino(settings, options.destination ?? pino.destination(STDOUT));
}

export interface LogOptions {
  readonly level: string;
  readonly service: string;
  readonly destination?: DestinationStream;
}

export interface ErrorDescription {
  type: string;
  message: string;
  code?: string;
  stack?: string;
  cause?: ErrorDescription;
  errors?: ErrorDescription[];
}

/** What may be told about an error outside of the process that met it: Drizzle's message lists the parameters, so it is cut there. */
export function describeError(error: unknown): ErrorDescription {
  if (!(error instanceof Error)) return { type: typeof error, message: String(error) };
  const message = error.message.split('\nparams:')[0] ?? '';
  const frames = error.stack?.split('\n').filter((line) => line.startsWith('    at '));
  return {
    type: error.constructor.name,
    message,
    ...('code' in error && typeof error.code === 'string' && { code: error.code }),
    ...(frames && { stack: frames.join('\n') }),
    ...(error.cause !== undefined && { cause: describeError(error.cause) }),
    ...(error instanceof AggregateError && { errors: error.errors.map(describeError) }),
  };
}
