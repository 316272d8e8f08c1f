import type { FastifySchemaValidationError } from 'fastify';
import type { Fault } from '../core/errors.ts';
import { childPointer } from './body/json-pointer.ts';
import { TEXT_FORMATS } from './text-format.ts';

const LONGEST_NAME_SHOWN = 100;

/** Ajv's errors about a body as faults whose pointer names the field, also one that is missing or not known. */
export function bodyFaults(errors: readonly FastifySchemaValidationError[]): Fault[] {
  return errors.map((error) => {
    const { instancePath, keyword, params } = error;
    switch (keyword) {
      case 'required':
        return {
          pointer: childPointer(instancePath, String(params['missingProperty'])),
          detail: 'is required',
        };
      case 'additionalProperties':
        return unknownField(instancePath, String(params['additionalProperty']));
      default:
        return { pointer: instancePath, detail: whatIsWrong(error) };
    }
  });
}

function unknownField(parent: string, name: string): Fault {
  if (name.length > LONGEST_NAME_SHOWN) return { pointer: parent, detail: 'has a field that is not known' };
  return { pointer: childPointer(parent, name), detail: 'is not a known field' };
}

/** Ajv's errors about a query as faults that name the parameter. It is no field of the body, hence the empty pointer. */
export function queryFaults(errors: readonly FastifySchemaValidationError[]): Fault[] {
  return errors.map((error) => {
    const { instancePath, keyword, params } = error;
    const name = instancePath.slice(1);
    switch (keyword) {
      case 'additionalProperties':
        return { pointer: '', detail: `${shown(String(params['additionalProperty']))} is not known here` };
      case 'type': // a text is one unless it is there twice
        return {
          pointer: '',
          detail: `${name} must be ${params['type'] === 'integer' ? 'a whole number, and ' : ''}there once`,
        };
      default:
        return { pointer: '', detail: `${name} ${whatIsWrong(error)}` };
    }
  });
}

const shown = (name: string) => (name.length > LONGEST_NAME_SHOWN ? 'a parameter' : name);

function whatIsWrong({ keyword, params, message }: FastifySchemaValidationError): string {
  if (keyword === 'pattern')
    return 'must have something to read in it and no control characters or lone surrogates';
  const format = keyword === 'format' ? TEXT_FORMATS[String(params['format'])] : undefined;
  return format?.wanted ?? message ?? 'is not valid';
}
