import { METHODS } from 'node:http';
import { ApiError } from '../../api-error.ts';
import type { App } from '../app-instance.ts';

/**
 * Gives every path that has a route an answer to all other methods: 204 to OPTIONS, 405 to the rest, both with `Allow`.
 * To be called before the routes are added; what it returns is to be registered after them.
 */
export function otherMethods(app: App): (last: App) => Promise<void> {
  for (const method of METHODS)
    if (method !== 'CONNECT' && !app.supportedMethods.includes(method)) app.addHttpMethod(method);
  const paths = new Set<string>();
  app.addHook('onRoute', ({ url }) => {
    paths.add(url);
  });
  return async (last) => {
    for (const url of paths) {
      const has = (method: string) => last.hasRoute({ url, method });
      const allow = last.supportedMethods.filter((method) => method === 'OPTIONS' || has(method));
      addRefusal(last, url, allow.sort().join(', '));
    }
  };
}

function addRefusal(app: App, url: string, allow: string): void {
  app.route({
    method: app.supportedMethods.filter((method) => !app.hasRoute({ url, method })),
    url,
    schema: { hide: true },
    // Before the body is read: of a method that is not there, it is nobody's concern.
    onRequest: async (request, reply) => {
      reply.header('allow', allow);
      if (request.method === 'OPTIONS') return reply.code(204).send();
      throw new ApiError('METHOD_NOT_ALLOWED', `${request.method} is not for this address; ${allow} are`);
    },
    handler: () => undefined,
  });
}
