import { type DestinationStream, type Logger, pino, stdSerializers } from 'pino';
import { errorCode } from './errors.ts';
import { terminalLog } from './terminal-log.ts';

export type { Logger };

// Lines are gathered for a moment, which a SIGKILL may take: to write each by itself costs a tenth of an order
// (docs/decisions/transaction.md). Not on the thread that logs: a reader who has stopped must not stop it.
const STDOUT = { fd: 1, sync: false, minLength: 4096, periodicFlush: 25 };
const WITH_STACKS: ReadonlySet<string> = new Set(['debug', 'trace']);
/** What JavaScript throws at whoever wrote the line. */
const MISTAKES = [TypeError, RangeError, ReferenceError, SyntaxError];

/**
 * JSON lines, on stdout unless told otherwise, and readable ones where that is a terminal. Errors are written without query parameters
 * or row values, which hold customers' addresses, and with their stacks only if they are bugs, or at `debug` and below.
 */
export function createLogger(options: LogOptions): Logger {
  const describe = WITH_STACKS.has(options.level) ? describeError : describeBriefly;
  const settings = {
    level: options.level,
    base: { service: options.service },
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label: string) => ({ level: label }) },
    serializers: { ...stdSerializers, err: describe, error: describe },
  };
  return pino(settings, options.destination ?? terminalLog() ?? pino.destination(STDOUT));
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

/**
 * What may be told about an error outside of the process that met it: Drizzle's message lists the parameters, so it is cut there.
 * Of a connection that failed in several ways, only the several say anything.
 */
export function describeError(error: unknown): ErrorDescription {
  if (!(error instanceof Error)) return { type: typeof error, message: String(error) };
  const message = error.message.split('\nparams:')[0] ?? '';
  const errors = error instanceof AggregateError ? error.errors.map(describeError) : undefined;
  const frames = error.stack?.split('\n').filter((line) => line.startsWith('    at '));
  return {
    type: error.constructor.name,
    message: message || (errors ?? []).map((each) => each.message).join('; '),
    ...('code' in error && typeof error.code === 'string' && { code: error.code }),
    ...(frames && { stack: frames.join('\n') }),
    ...(error.cause !== undefined && { cause: describeError(error.cause) }),
    ...(errors && { errors }),
  };
}

/** The same for a log that many read: a stack only of what is a bug, and a cause only if it says more. */
export function describeBriefly(error: unknown): ErrorDescription {
  return brief(describeError(error), isBug(error));
}

function brief({ stack, cause, errors, ...told }: ErrorDescription, keepsStack: boolean): ErrorDescription {
  const saysMore = cause && (cause.message !== told.message || cause.code !== told.code || cause.cause);
  return {
    ...told,
    ...(keepsStack && stack !== undefined && { stack }),
    ...(saysMore && { cause: brief(cause, false) }),
    ...(errors && { errors: errors.map((each) => brief(each, false)) }),
  };
}

/** What failed outside has a code, or was thrown by a package: node_modules/pg has no code for a connection that it loses. */
function isBug(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (MISTAKES.some((mistake) => error instanceof mistake)) return errorCode(error.cause) === undefined;
  const [, thrownAt = ''] = error.stack?.split(/\n {4}at /) ?? [];
  return errorCode(error) === undefined && !thrownAt.includes('node_modules');
}
