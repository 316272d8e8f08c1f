import type { FastifySchemaValidationError } from 'fastify';
import type { Fault } from '../../core/errors.ts';
import { childPointer } from './json-pointer.ts';

const LONGEST_NAME_SHOWN = 100;

/** Ajv's errors about a body as faults whose pointer names the field, also one that is missing or not known. */
export function bodyFaults(errors: readonly FastifySchemaValidationError[]): Fault[] {
  return errors.map(({ instancePath, keyword, params, message }) => {
    switch (keyword) {
      case 'required':
        return {
          pointer: childPointer(instancePath, String(params['missingProperty'])),
          detail: 'is required',
        };
      case 'additionalProperties':
        return unknownField(instancePath, String(params['additionalProperty']));
      case 'pattern':
        return {
          pointer: instancePath,
          detail: 'must have something to read in it and no control characters or lone surrogates',
        };
      default:
        return { pointer: instancePath, detail: message ?? 'is not valid' };
    }
  });
}

function unknownField(parent: string, name: string): Fault {
  if (name.length > LONGEST_NAME_SHOWN) return { pointer: parent, detail: 'has a field that is not known' };
  return { pointer: childPointer(parent, name), detail: 'is not a known field' };
}
