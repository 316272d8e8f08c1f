import type { ErrorObject, SchemaObject, ValidateFunction } from 'ajv';
import { ApiError } from '../../api-error.ts';
import type { Fault } from '../../core/errors.ts';
import { TEXT_FORMATS } from '../text-format.ts';

const LONGEST_NAME_SHOWN = 100;
const WHOLE_NUMBER = /^(0|[1-9]\d*)$/;

type Query = Record<string, unknown>;

/**
 * Checks a query, in which every value is a text: of whole numbers, numbers are made first. Its error is REQUEST_INVALID and names
 * every parameter that is wrong, unknown or there twice.
 */
export function queryValidator(schema: SchemaObject, validate: ValidateFunction) {
  const parameters: Record<string, SchemaObject> = schema['properties'];
  const integers = Object.keys(parameters).filter((name) => parameters[name]?.['type'] === 'integer');
  return (query: Query) => {
    readIntegers(query, integers);
    if (validate(query)) return { value: query };
    const faults = validate.errors?.map((error) => whatIsWrong(error, parameters, query)) ?? [];
    const each = new Map(faults.map((fault) => [fault.detail, fault]));
    return {
      error: new ApiError('REQUEST_INVALID', 'The query is not valid', { faults: [...each.values()] }),
    };
  };
}

/** Ajv could do this, but takes "1e1", "0x10" and " 5" for numbers too. */
function readIntegers(query: Query, names: readonly string[]): void {
  for (const name of names) {
    const text = query[name];
    if (typeof text === 'string' && WHOLE_NUMBER.test(text)) query[name] = Number(text);
  }
}

/** A parameter is no field of the body, hence the empty pointer. */
function whatIsWrong(error: ErrorObject, parameters: Record<string, SchemaObject>, query: Query): Fault {
  if (error.keyword === 'additionalProperties') {
    const name: string = error.params['additionalProperty'];
    const shown = name.length > LONGEST_NAME_SHOWN ? 'a parameter' : name;
    return { pointer: '', detail: `${shown} is not known here`, quotesClient: true };
  }
  const name = error.instancePath.slice(1);
  const detail = `${name} must be ${Array.isArray(query[name]) ? 'there once' : wanted(parameters[name] ?? {})}`;
  return { pointer: '', detail };
}

function wanted({
  type,
  enum: values,
  format,
  minimum,
  maximum,
  minLength,
  maxLength,
}: SchemaObject): string {
  if (type === 'integer') return `a whole number from ${minimum} to ${maximum}`;
  if (values) return `one of ${values.join(', ')}`;
  if (maxLength) return `${minLength} to ${maxLength} readable characters`;
  return TEXT_FORMATS[format]?.wanted ?? 'a text';
}
