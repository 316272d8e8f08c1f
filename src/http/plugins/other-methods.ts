import { METHODS } from 'node:http';
import type { FastifyInstance, FastifyPluginAsync, FastifyRequest } from 'fastify';
import { ApiError } from '../../api-error.ts';
import { slashHint } from '../slash-hint.ts';

/**
 * Gives every path that has a route an answer to all other methods: 204 to OPTIONS, 405 to the rest, both with `Allow`.
 * To be called before the routes are added; the plugin that it returns is to be registered after them.
 */
export function otherMethods(app: FastifyInstance): FastifyPluginAsync {
  for (const method of METHODS)
    if (method !== 'CONNECT' && !app.supportedMethods.includes(method)) app.addHttpMethod(method);
  const paths = new Map<string, Path>();
  app.addHook('onRoute', function ({ url, routePath }) {
    if (url !== '*') paths.set(url, { plugin: this, routePath }); // that one is for preflight requests: @fastify/cors
  });
  return async (last) => {
    for (const [url, path] of paths) {
      const has = (method: string) => last.hasRoute({ url, method });
      const allow = last.supportedMethods.filter((method) => method === 'OPTIONS' || has(method));
      const others = last.supportedMethods.filter((method) => !has(method));
      addRefusal(path, others, allow.sort().join(', '));
    }
  };
}

/** A path within the plugin that has its routes, whose hooks are for its other methods too. */
interface Path {
  readonly plugin: FastifyInstance;
  readonly routePath: string;
}

function addRefusal({ plugin, routePath }: Path, method: string[], allow: string): void {
  plugin.route({
    method,
    url: routePath,
    prefixTrailingSlash: 'slash', // the one path, not the one without its slash as well
    schema: { hide: true },
    config: { access: 'open' },
    // Before the body is read: of a method that is not there, it is nobody's concern.
    onRequest: async (request, reply) => {
      reply.header('allow', allow);
      if (request.method === 'OPTIONS') return reply.code(204).send();
      throw new ApiError('METHOD_NOT_ALLOWED', refusalOf(request, allow));
    },
    handler: () => undefined,
  });
}

/** HEAD and OPTIONS go without saying. */
function refusalOf({ method, url }: FastifyRequest, allow: string): string {
  const methods = allow.split(', ').filter((each) => each !== 'HEAD' && each !== 'OPTIONS');
  return `${method} is not allowed here; use ${methods.join(' or ')}${slashHint(url)}`;
}
