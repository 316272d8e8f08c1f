import { ApiError } from '../../api-error.ts';
import type { App } from '../app-instance.ts';
import { problemAnswer, refused } from '../documented-answers.ts';

/** Refuses, before anything is done, to answer under /api in JSON somebody who will not have it; documents that for its routes. */
export function answerJsonOnly(app: App): void {
  app.addHook('onRoute', (route) => {
    if (!route.url.startsWith('/api/') || !route.schema || route.schema.hide) return;
    const response = {
      406: problemAnswer(
        'The Accept header admits neither application/json nor application/problem+json',
        {},
        notAcceptable(),
      ),
      431: problemAnswer('The headers are larger than 16 KB', {}, refused(431, 'The headers are too large')),
      ...(route.schema.response as object),
    };
    route.schema = { ...route.schema, response };
  });
  app.addHook('onRequest', async (request) => {
    if (request.routeOptions.url?.startsWith('/api/') && !admitsJson(request.headers.accept)) {
      throw notAcceptable();
    }
  });
}

const notAcceptable = () =>
  new ApiError(
    'NOT_ACCEPTABLE',
    'Answers are application/json or application/problem+json, and the Accept header admits neither',
  );

const ANSWERS = ['application/json', 'application/problem+json'];

/** Whether an Accept header admits one of our media types: https://www.rfc-editor.org/rfc/rfc9110#section-12.5.1 */
export function admitsJson(accept: string | undefined): boolean {
  if (accept === undefined || accept.trim() === '') return true;
  const weights = new Map(accept.split(',').map(readRange));
  return ANSWERS.some((type) => {
    // The most specific range that fits is the one that counts.
    const weight = [type, 'application/*', '*/*']
      .map((range) => weights.get(range))
      .find((w) => w !== undefined);
    return weight !== undefined && weight > 0;
  });
}

/** A media range and its weight; other parameters, such as a charset or a version, are passed over. */
function readRange(text: string): [range: string, weight: number] {
  const [range = '', ...parameters] = text.split(';').map((part) => part.trim().toLowerCase());
  const q = parameters.find((parameter) => /^q\s*=/.test(parameter))?.replace(/^q\s*=\s*/, '');
  const weight = q === undefined ? 1 : Number(q);
  return [range, Number.isNaN(weight) ? 1 : weight];
}
