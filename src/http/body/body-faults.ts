import type { FastifySchemaValidationError } from 'fastify';
import type { Fault } from '../../core/errors.ts';
import { counted } from '../counted.ts';
import { TEXT_FORMATS } from '../text-format.ts';
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
      default:
        return { pointer: instancePath, detail: wanted(keyword, params) ?? message ?? 'is not valid' };
    }
  });
}

function unknownField(parent: string, name: string): Fault {
  if (name.length > LONGEST_NAME_SHOWN) return { pointer: parent, detail: 'has a field that is not known' };
  return { pointer: childPointer(parent, name), detail: 'is not a known field', quotesClient: true };
}

const KINDS: Readonly<Record<string, string>> = {
  string: 'a text',
  integer: 'a whole number',
  number: 'a number',
  array: 'a list',
  object: 'an object',
};

/** What a value has to be, in words for whoever sent it. */
function wanted(keyword: string, params: Record<string, unknown>): string | undefined {
  const [type, format] = [String(params['type']), String(params['format'])];
  const limit = Number(params['limit']);
  switch (keyword) {
    case 'type':
      return `must be ${KINDS[type] ?? type}`;
    case 'minimum':
      return `must be at least ${limit}`;
    case 'maximum':
      return `must be at most ${limit}`;
    case 'minItems':
      return `must have at least ${counted(limit, 'item')}`;
    case 'maxItems':
      return `must have at most ${counted(limit, 'item')}`;
    case 'minLength':
      return `must have at least ${counted(limit, 'character')}`;
    case 'maxLength':
      return `must have at most ${counted(limit, 'character')}`;
    case 'pattern':
      return 'must have no control characters';
    case 'format':
      return `must be ${TEXT_FORMATS[format]?.wanted ?? format}`;
    default:
      return undefined;
  }
}
