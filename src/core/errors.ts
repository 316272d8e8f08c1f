/** Ways of saying no that every process has. Each process adds its own: src/api-error.ts, relay/relay-error.ts. */
export type CoreErrorCode = 'CONFIG_INVALID' | 'DATABASE_UNAVAILABLE' | 'DATABASE_POOLED';

/** One wrong place in an input: a JSON pointer into it ("" when no field is meant) and what to do about it. */
export interface Fault {
  readonly pointer: string;
  readonly detail: string;
  /** There when it holds a name that the client chose: then it is for the client, and for no log. */
  readonly quotesClient?: true;
}

/** The only error class of this system: a code to branch on, a sentence to read, the cause always kept. */
export class AppError<Code extends string = CoreErrorCode> extends Error {
  readonly code: Code;
  readonly faults: readonly Fault[];

  constructor(code: Code, message: string, options: { cause?: unknown; faults?: readonly Fault[] } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'AppError';
    this.code = code;
    this.faults = options.faults ?? [];
  }
}

/** The `code` of an error or of the first of its causes that has one: a SQLSTATE, a Node or a Service Bus code. */
export function errorCode(error: unknown): string | undefined {
  for (let e = error; e instanceof Error; e = e.cause) {
    if ('code' in e && typeof e.code === 'string') return e.code;
  }
  return undefined;
}
