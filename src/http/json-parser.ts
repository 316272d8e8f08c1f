import type { App } from './app-instance.ts';

/**
 * JSON alone is taken, and only as UTF-8: Fastify would put U+FFFD where a byte is wrong, and so change an order silently.
 * Of a name that comes twice the last one counts, as JSON.parse has it; `__proto__` is refused.
 */
export function addJsonParser(app: App): void {
  const utf8 = new TextDecoder('utf-8', { fatal: true });
  const parseJson = app.getDefaultJsonParser('error', 'error');
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    let text: string;
    try {
      text = utf8.decode(body as Buffer);
    } catch (cause) {
      return done(Object.assign(new Error('The body is not UTF-8', { cause }), { statusCode: 400 }));
    }
    return parseJson(request, text, done);
  });
}
