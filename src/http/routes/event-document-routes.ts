import { createHash } from 'node:crypto';
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from '@sinclair/typebox';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ApiError } from '../../api-error.ts';
import type { EventType } from '../../messages/event-catalogue.ts';
import { answer, emptyAnswer, headerProblem, problemAnswer } from '../documented-answers.ts';
import { asyncApiDocument } from '../event-documents/asyncapi-document.ts';
import { eventsHtml } from '../event-documents/events-html.ts';
import { schemaDocument } from '../event-documents/published-schema.ts';
import { isListed } from '../headers/entity-tag.ts';

/** They change with a release alone. */
const CACHE_CONTROL = 'public, max-age=300';
const JSON_TYPE = 'application/json; charset=utf-8';
const SCHEMA_TYPE = 'application/schema+json; charset=utf-8';
const HTML_TYPE = 'text/html; charset=utf-8';

interface EventDocumentDeps {
  readonly events: readonly EventType[];
  readonly publicBasePath: string;
}

/** The contract of the events: as AsyncAPI, as a page, and a JSON Schema of each. */
export const eventDocumentRoutes: FastifyPluginAsyncTypebox<EventDocumentDeps> = async (app, deps) => {
  const { events, publicBasePath } = deps;
  const asyncApi = asyncApiDocument(events);
  const whole = toDocument(JSON_TYPE, JSON.stringify(asyncApi));
  const page = toDocument(HTML_TYPE, eventsHtml(asyncApi, publicBasePath));
  const schemasOfEvents = new Map(
    events.map((event) => [
      `${event.type}/${event.major}`,
      toDocument(SCHEMA_TYPE, JSON.stringify(schemaDocument(event))),
    ]),
  );

  app.get('/asyncapi.json', { schema: schemas.whole }, (request, reply) => serve(whole, request, reply));
  app.get('/docs/events', { schema: { hide: true } }, (request, reply) => serve(page, request, reply));
  app.get('/schemas/:type/:major', { schema: schemas.one }, (request, reply) => {
    const { type, major } = request.params;
    const found = schemasOfEvents.get(`${type}/${major}`);
    if (!found) throw notFound();
    return serve(found, request, reply);
  });
};

interface StoredDocument {
  readonly contentType: string;
  readonly text: string;
  readonly tag: string;
}

function toDocument(contentType: string, text: string): StoredDocument {
  const digest = createHash('sha256').update(text).digest('base64url');
  return { contentType, text, tag: `"${digest}"` };
}

/** Answers with the document, or with 304 to a client that has it. */
function serve({ contentType, text, tag }: StoredDocument, request: FastifyRequest, reply: FastifyReply) {
  reply.header('etag', tag).header('cache-control', CACHE_CONTROL);
  if (isListed(tag, request.headers['if-none-match'])) return reply.code(304).send();
  return reply.type(contentType).serializer(String).send(text);
}

const notFound = () =>
  new ApiError('ROUTE_NOT_FOUND', 'There is no such version of an event; /asyncapi.json has those there are');

const ANY_OBJECT = { type: 'object', additionalProperties: true };
const CACHED = {
  ETag: { type: 'string', examples: ['"kBqvKWe8n2q0p0Lb4T1nHg"'] },
  'Cache-Control': { type: 'string', examples: [CACHE_CONTROL] },
};
const OF_BOTH = {
  tags: ['events'],
  security: [],
  headers: Type.Object({
    'If-None-Match': Type.Optional(Type.String({ description: 'The `ETag` of what the client has' })),
  }),
};
const UNCHANGED = emptyAnswer('The client has it', CACHED);

const schemas = {
  whole: {
    ...OF_BOTH,
    operationId: 'getAsyncApi',
    summary: 'Read the contract of the events',
    description: 'What is sent to Azure Service Bus, and what is taken from it. For people: `/docs/events`.',
    response: {
      200: answer('An AsyncAPI document', ANY_OBJECT, CACHED),
      304: UNCHANGED,
      400: headerProblem,
    },
  },
  one: {
    ...OF_BOTH,
    operationId: 'getEventSchema',
    summary: 'Read the schema of an event',
    description: 'What its body keeps to. It may have more members than the schema names.',
    params: Type.Object({
      type: Type.String({
        description: 'The `subject` of the message',
        examples: ['OrderCreated'],
      }),
      major: Type.String({
        description: 'The property `schemaVersion` of the message; 1 where there is none',
        examples: ['1'],
      }),
    }),
    response: {
      200: {
        ...answer('A JSON Schema of the draft 2020-12', {}, CACHED),
        content: { 'application/schema+json': { schema: ANY_OBJECT } },
      },
      304: UNCHANGED,
      400: headerProblem,
      404: problemAnswer('There is no such version of an event', notFound()),
    },
  },
};
