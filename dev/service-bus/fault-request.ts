import { Type } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';
import type { Fault } from './faults.ts';

const faultSchema = Type.Object(
  {
    kind: Type.String(),
    entity: Type.Optional(Type.String()),
    at: Type.Optional(Type.String()),
    subject: Type.Optional(Type.String()),
    times: Type.Optional(Type.Integer({ minimum: 1 })),
    probability: Type.Optional(Type.Number({ minimum: 0, maximum: 1 })),
    seed: Type.Optional(Type.Integer()),
    delayMs: Type.Optional(Type.Number({ minimum: 0 })),
    condition: Type.Optional(Type.String()),
    description: Type.Optional(Type.String()),
  },
  { additionalProperties: false },
);

/** A fault from JSON. Throws a TypeError that names every wrong member; the words of `kind` and `at` are for `inject` to know. */
export function readFault(json: unknown): Fault {
  const errors = [...Value.Errors(faultSchema, json)].map(
    ({ path, message }) => `${path || 'the fault'}: ${message}`,
  );
  if (errors.length > 0) throw new TypeError(errors.join('; '));
  return json as Fault;
}
