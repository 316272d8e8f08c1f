import type { FastifySchemaValidationError, FastifyServerOptions } from 'fastify';
import type { Fault } from '../core/errors.ts';
import { hasAtMostTwoDecimals } from '../orders/money.ts';

/** Ajv as it has to be for money and orders: nothing is coerced, filled in or dropped, and every fault is reported. */
export const ajvOptions: NonNullable<FastifyServerOptions['ajv']> = {
  customOptions: {
    coerceTypes: false,
    removeAdditional: false,
    useDefaults: false,
    allErrors: true,
    keywords: [
      {
        keyword: 'maxDecimals',
        type: 'number',
        metaSchema: { const: 2 },
        validate: (_maxDecimals: 2, amount: number) => hasAtMostTwoDecimals(amount),
        error: { message: 'must have at most two decimals' },
      },
    ],
  },
};

const LONGEST_NAME_SHOWN = 100;

/** Ajv's errors about a body as faults whose pointer names the field, also one that is missing or not known. */
export function bodyFaults(errors: readonly FastifySchemaValidationError[]): Fault[] {
  return errors.map(({ instancePath, keyword, params, message }) => {
    switch (keyword) {
      case 'required':
        return { pointer: child(instancePath, params['missingProperty']), detail: 'is required' };
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
  return { pointer: child(parent, name), detail: 'is not a known field' };
}

/** One step down a JSON pointer: https://www.rfc-editor.org/rfc/rfc6901#section-3 */
function child(parent: string, name: unknown): string {
  return `${parent}/${String(name).replaceAll('~', '~0').replaceAll('/', '~1')}`;
}
