import { isoDurationMs } from '../../relay/publishing/service-bus/iso-duration.ts';

/** Reads a parsed JSON document of a known shape and gathers everything that is wrong in it, each with its path. */
export class ConfigReader {
  readonly errors: string[] = [];

  wrong(path: string, problem: string): void {
    this.errors.push(`${path || 'the document'} ${problem}`);
  }

  /** Reads an object; a field that `read` has not taken is reported. Undefined when it is no object. */
  object<T>(value: unknown, path: string, read: (fields: Fields) => T): T | undefined {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      this.wrong(path, value === undefined ? 'is missing' : 'must be an object');
      return undefined;
    }
    const fields = new Fields(this, value as Record<string, unknown>, path);
    const result = read(fields);
    fields.reportUnknown();
    return result;
  }

  list<T>(value: unknown, path: string, read: (fields: Fields) => T): T[] | undefined {
    if (!Array.isArray(value)) {
      this.wrong(path, value === undefined ? 'is missing' : 'must be a list');
      return undefined;
    }
    return value
      .map((item: unknown, index) => this.object(item, `${path}[${index}]`, read))
      .filter((item) => item !== undefined);
  }
}

/** The fields of one object. Every reading method reports what is wrong and returns undefined for what is not there. */
export class Fields {
  readonly reader: ConfigReader;
  readonly #value: Readonly<Record<string, unknown>>;
  readonly #path: string;
  readonly #taken = new Set<string>();

  constructor(reader: ConfigReader, value: Readonly<Record<string, unknown>>, path: string) {
    this.reader = reader;
    this.#value = value;
    this.#path = path;
  }

  path(name: string): string {
    return this.#path === '' ? name : `${this.#path}.${name}`;
  }

  wrong(name: string, problem: string): void {
    this.reader.wrong(this.path(name), problem);
  }

  take(name: string): unknown {
    this.#taken.add(name);
    return this.#value[name];
  }

  /** All of them, for an object whose names are free. */
  takeAll(): Readonly<Record<string, unknown>> {
    for (const name of Object.keys(this.#value)) this.#taken.add(name);
    return this.#value;
  }

  isMissing(name: string): boolean {
    return this.#value[name] === undefined;
  }

  /** Required. */
  text(name: string, pattern: RegExp): string | undefined {
    const value = this.take(name);
    if (typeof value === 'string' && pattern.test(value)) return value;
    this.wrong(name, value === undefined ? 'is missing' : `must be a text like ${pattern.source}`);
    return undefined;
  }

  flag(name: string): boolean | undefined {
    const value = this.take(name);
    if (value === undefined || typeof value === 'boolean') return value;
    this.wrong(name, 'must be true or false');
    return undefined;
  }

  integer(name: string, least: number, most: number): number | undefined {
    const value = this.take(name);
    if (value === undefined) return undefined;
    if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) return value;
    this.wrong(name, `must be a whole number from ${least} to ${most}`);
    return undefined;
  }

  /** Milliseconds of an ISO 8601 duration above 0. */
  duration(name: string, mostMs: number): number | undefined {
    const value = this.take(name);
    if (value === undefined) return undefined;
    const ms = typeof value === 'string' ? isoDurationMs(value) : undefined;
    if (ms !== undefined && ms > 0 && ms <= mostMs) return ms;
    const limit = Number.isFinite(mostMs) ? ` of at most ${mostMs / 1_000} seconds` : '';
    this.wrong(name, `must be an ISO 8601 duration such as PT1M${limit}`);
    return undefined;
  }

  /** An object that may be left out. */
  inner<T>(name: string, read: (fields: Fields) => T): T | undefined {
    const value = this.take(name);
    return value === undefined ? undefined : this.reader.object(value, this.path(name), read);
  }

  /** An object; when it is left out, `read` is given an empty one. */
  innerOrEmpty<T>(name: string, read: (fields: Fields) => T): T | undefined {
    return this.reader.object(this.take(name) ?? {}, this.path(name), read);
  }

  reportUnknown(): void {
    for (const name of Object.keys(this.#value)) {
      if (!this.#taken.has(name)) this.wrong(name, 'is not known');
    }
  }
}
