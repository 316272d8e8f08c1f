/** The body of a management request: a map whose values rhea has decoded. */
export type RequestBody = Readonly<Record<string, unknown>>;

/** A list of 64-bit numbers; rhea gives those that a double cannot hold as bytes. */
export function numbersIn(body: RequestBody, name: string): number[] {
  return listIn(body, name).map((value) =>
    Buffer.isBuffer(value) ? Number(value.readBigInt64BE()) : Number(value),
  );
}

/** A list of binary values. */
export function buffersIn(body: RequestBody, name: string): Buffer[] {
  return listIn(body, name).filter((value) => Buffer.isBuffer(value));
}

export function textIn(body: RequestBody, name: string): string | undefined {
  const value = body[name];
  return typeof value === 'string' ? value : undefined;
}

export function numberIn(body: RequestBody, name: string): number {
  const value = body[name];
  return Buffer.isBuffer(value) ? Number(value.readBigInt64BE()) : Number(value);
}

/** A map; undefined when there is none. */
export function mapIn(body: RequestBody, name: string): Record<string, unknown> | undefined {
  const value = body[name];
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
}

/** A list of maps. */
export function mapsIn(body: RequestBody, name: string): RequestBody[] {
  return listIn(body, name).filter((value) => typeof value === 'object' && value !== null) as RequestBody[];
}

function listIn(body: RequestBody, name: string): unknown[] {
  const value = body[name];
  if (Array.isArray(value)) return value;
  // rhea gives an array of one element as the element.
  return value === undefined || value === null ? [] : [value];
}
