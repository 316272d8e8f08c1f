import { setTimeout as sleep } from 'node:timers/promises';
import { Type } from '@sinclair/typebox';
import type { FastifyInstance, FastifyReply, FastifyRequest, onRequestAsyncHookHandler } from 'fastify';
import type pg from 'pg';
import { errorCode } from '../../src/core/errors.ts';
import { describeError, type Logger } from '../../src/core/log.ts';
import { isAdminError } from '../admin/admin-error.ts';
import {
  type FoundMessage,
  listMessages,
  MESSAGE_LISTS,
  messagesOfOrder,
  searchMessages,
} from '../admin/message-search.ts';
import { findMessage, messageState } from '../admin/outbox-inspection.ts';
import { withDestination } from '../outbox/routing.ts';
import { readConsoleFiles } from './console-files.ts';
import type { ConsoleMode } from './console-mode.ts';
import { journeyOf } from './journey.ts';
import type { LiveFeed } from './live-feed.ts';
import { ACTION_BODIES, type ActionName, carryOut } from './operator-action.ts';
import { listNewest, type OverviewDeps, takeOverview } from './overview.ts';
import { runbookSection } from './runbook.ts';
import type { SampleHistory } from './sample-history.ts';
import { tokenCheck } from './token-check.ts';

export interface ConsoleRoutesDeps extends OverviewDeps {
  readonly mode: Exclude<ConsoleMode, 'off'>;
  /** Without one, everything may be read by whoever reaches the port, and nothing be done. */
  readonly token: string | undefined;
  /** In development: what the page may ask to place an order, stop the broker or kill the relay. */
  readonly devUrl: string | undefined;
  readonly history: SampleHistory;
  readonly feed: LiveFeed;
  /** For what an operator asks for, which may take minutes. */
  readonly operatorPool: pg.Pool;
  readonly log: Logger;
}

/** A database that does not answer must not keep the page from being seen. */
const FIRST_PAINT_WITHIN_MS = 1_000;
const LIST_LIMIT = 50;
const QUERY_CANCELED = '57014';
/** Everything comes from here, and nothing else may be loaded, sent or framed. https://www.w3.org/TR/CSP3/ */
const headersWith = (devUrl: string | undefined) => ({
  'content-security-policy': `default-src 'none'; script-src 'self'; style-src 'self'; connect-src ${["'self'", ...(devUrl ? [devUrl] : [])].join(' ')}; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
  'cross-origin-resource-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'cache-control': 'no-store',
});
const listQuery = Type.Object({
  list: Type.Union(
    MESSAGE_LISTS.map((list) => Type.Literal(list)),
    { default: 'newest' },
  ),
  find: Type.Optional(Type.String({ maxLength: 500 })),
});

/** The page, what it shows, and what an operator can do there. To be registered by itself: its headers and errors are its own. */
export async function consoleRoutes(server: FastifyInstance, deps: ConsoleRoutesDeps): Promise<void> {
  const { mode, token, devUrl, history, feed, pool, table, routing, deliveries, log } = deps;
  const headers = headersWith(devUrl);
  const files = readConsoleFiles();
  const [before = '', behind = ''] = files.get('index.html')?.text.split('<!-- start -->') ?? [];
  const isAllowed = token === undefined ? () => true : tokenCheck(token); // to operate, there has to be one
  const warnOfToken = ({ url, ip }: FastifyRequest) =>
    log.warn({ url, from: ip }, 'The console was asked with a wrong token');
  const search = { pool, table, limit: LIST_LIMIT };
  const routed = <M extends FoundMessage>(messages: readonly M[]) =>
    messages.map((message) => withDestination(message, routing));

  server.addHook('onRequest', async (_request, reply) => {
    reply.headers(headers);
  });
  server.setErrorHandler((error, _request, reply) => {
    const { status, code, message } = refusal(error);
    if (status >= 500) log.warn({ err: error }, 'The console could not answer');
    return reply.code(status).send({ code, message });
  });

  server.get('/', async (_request, reply) => {
    const overview = await Promise.race([
      takeOverview(deps, history.last),
      sleep(FIRST_PAINT_WITHIN_MS, null, { ref: false }),
    ]);
    const { slot, brokerName } = deps;
    const start = {
      mode,
      needsToken: token !== undefined,
      devUrl,
      slot,
      brokerName,
      entity: routing.destinations.join(', '),
      overview,
      history: history.columns,
    };
    // Data, which no policy takes for a script; without a "<" it cannot end its element.
    const json = JSON.stringify(start).replaceAll('<', '\\u003c');
    return reply
      .type('text/html; charset=utf-8')
      .send(`${before}<script type="application/json" id="start">${json}</script>${behind}`);
  });

  server.get<{ Params: { name: string } }>('/console/:name', (request, reply) => {
    const file = files.get(request.params.name);
    if (!file) return reply.code(404).send(notFound('There is no such file'));
    return reply.type(file.type).send(file.text);
  });

  server.get('/console/live', { exposeHeadRoute: false }, (_request, reply) => {
    if (feed.isFull)
      return reply.code(503).send({ code: 'TOO_MANY_VIEWERS', message: 'Too many look at once' });
    reply.hijack();
    reply.raw.writeHead(200, { ...headers, 'content-type': 'text/event-stream' });
    feed.add(reply.raw);
  });

  server.get<{ Params: { title: string } }>('/console/runbook/:title', (request, reply) => {
    const text = runbookSection(request.params.title);
    return text === undefined ? reply.code(404).send(notFound('There is no such section')) : { text };
  });

  server.get<{ Querystring: { list: (typeof MESSAGE_LISTS)[number]; find?: string } }>(
    '/console/messages',
    { schema: { querystring: listQuery } },
    async (request) => {
      const { list, find = '' } = request.query;
      if (find.trim() !== '') return { messages: routed(await searchMessages(search, find.trim(), list)) };
      if (list === 'newest') return { messages: routed(await listNewest(deps, LIST_LIMIT)) };
      return { messages: routed(await listMessages(search, list)) };
    },
  );

  const ofMessage = { schema: { params: Type.Object({ id: Type.String({ format: 'uuid' }) }) } };
  server.get<{ Params: { id: string } }>('/console/messages/:id', ofMessage, async (request, reply) => {
    const message = await findMessage(pool, table, request.params.id);
    if (!message)
      return reply
        .code(404)
        .send(notFound('There is no such message; retention deletes what was settled long ago'));
    const { authorization } = request.headers;
    const mayRead = isAllowed(authorization);
    if (!mayRead && authorization !== undefined) warnOfToken(request);
    const { body, metadata, userId, ...fields } = message;
    const { aggregateId, messageId } = message;
    const order = aggregateId === null ? [] : await messagesOfOrder(search, aggregateId);
    return {
      message: withDestination(fields, routing),
      state: messageState(message),
      // What customers have written: for those who have the token, where there is one.
      content: mayRead ? { body, metadata, userId } : null,
      order: order.filter((each) => each.messageId !== messageId),
      journey: journeyOf(message, deliveries.find(messageId)),
    };
  });

  const needsToken = async (request: FastifyRequest, reply: FastifyReply) => {
    if (isAllowed(request.headers.authorization)) return undefined;
    warnOfToken(request);
    return reply
      .code(401)
      .send({ code: 'TOKEN_WRONG', message: 'This is not the token of RELAY_CONSOLE_TOKEN' });
  };
  // Whoever signs in is told at once.
  server.get('/console/token', { onRequest: needsToken }, () => ({ isRight: true }));
  if (mode === 'operate') operatorRoutes(server, deps, needsToken);
}

function operatorRoutes(
  server: FastifyInstance,
  { operatorPool, table, slot, routing, log }: ConsoleRoutesDeps,
  needsToken: onRequestAsyncHookHandler,
): void {
  for (const name of Object.keys(ACTION_BODIES) as ActionName[]) {
    server.post<{ Body: { by: string; reason?: string; messageIds?: string[] } }>(
      `/console/${name}`,
      {
        schema: { body: ACTION_BODIES[name] },
        onRequest: needsToken,
      },
      async ({ body }) => {
        const results = await carryOut({ pool: operatorPool, table, slot, routing }, name, body);
        const { by, ...asked } = body;
        log.info(
          { by, action: name, ...asked, done: results.filter(({ done }) => done).length },
          'An operator has acted by the console',
        );
        return { results };
      },
    );
  }
}

function refusal(error: unknown): { status: number; code: string; message: string } {
  const { message } = describeError(error);
  if (isAdminError(error)) return { status: 400, code: error.code, message };
  if (error instanceof Error && 'validation' in error) return { status: 400, code: 'USAGE_INVALID', message };
  if (errorCode(error) === QUERY_CANCELED)
    return {
      status: 503,
      code: 'TOOK_TOO_LONG',
      message: 'The search took too long: only message ids and orders have an index',
    };
  const { statusCode = 503 } = error as { statusCode?: number };
  return {
    status: statusCode,
    code: statusCode === 503 ? 'DATABASE_UNAVAILABLE' : 'REQUEST_INVALID',
    message,
  };
}

function notFound(message: string) {
  return { code: 'NOT_FOUND', message };
}
