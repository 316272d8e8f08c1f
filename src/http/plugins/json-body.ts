import type { IncomingHttpHeaders } from 'node:http';
import type { FastifyInstance } from 'fastify';
import fp from 'fastify-plugin';
import { ApiError } from '../../api-error.ts';
import { extentFault } from '../body/body-extent.ts';
import { jsonFault } from '../body/json-fault.ts';

const CHARSET = /;\s*charset\s*=\s*"?([^";\s]*)/i;
const ENCODINGS = new Set(['utf-8', 'utf8', 'us-ascii']);

/**
 * JSON alone is taken, and only as UTF-8: Fastify would put U+FFFD where a byte is wrong, and so change an order silently.
 * Of a name that comes twice the last one counts, as JSON.parse has it; `__proto__` is refused.
 */
export const jsonBody = fp(async (app: FastifyInstance) => {
  const utf8 = new TextDecoder('utf-8', { fatal: true });
  const parseJson = app.getDefaultJsonParser('error', 'error');
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    const refused = typeFault(request.headers);
    if (refused !== undefined) return done(refusal(415, refused));
    let text: string;
    try {
      text = utf8.decode(body as Buffer);
    } catch (cause) {
      return done(refusal(400, 'The body is not UTF-8; send it in that encoding', cause));
    }
    return parseJson(request, text, (error, value) => {
      if (error) return done(text === '' ? error : refusal(400, whyRefused(text), error));
      const fault = extentFault(value);
      if (fault)
        return done(new ApiError('REQUEST_INVALID', 'The request cannot be taken', { faults: [fault] }));
      return done(null, value);
    });
  });
});

/** Why a body of JSON is not taken as it is sent: no coding and no other charset. Their names have no case: https://www.rfc-editor.org/rfc/rfc9110#section-8.4 */
function typeFault(headers: IncomingHttpHeaders): string | undefined {
  const coding = headers['content-encoding'] ?? 'identity';
  if (coding.toLowerCase() !== 'identity')
    return 'The body must not have a content coding; send it without Content-Encoding';
  const [, charset = 'utf-8'] = CHARSET.exec(headers['content-type'] ?? '') ?? [];
  if (!ENCODINGS.has(charset.toLowerCase()))
    return 'The body must be UTF-8; send it as application/json; charset=utf-8';
  return undefined;
}

function whyRefused(text: string): string {
  const fault = jsonFault(text);
  if (!fault) return 'The body has a member that could change objects of ours, such as __proto__';
  const { at } = fault;
  if (at === undefined) return 'The body is not JSON';
  const lines = text.slice(0, at).split('\n');
  const place = `position ${at} (line ${lines.length}, column ${(lines.at(-1)?.length ?? 0) + 1})`;
  return at < text.length
    ? `The body is not JSON: what stands at ${place} cannot stand there`
    : `The body is not JSON: it ends at ${place}, where more has to follow`;
}

const refusal = (statusCode: number, message: string, cause?: unknown) =>
  Object.assign(new Error(message, { cause }), { statusCode });
