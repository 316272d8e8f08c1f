import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Validator } from '@seriousme/openapi-schema-validator';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { openApp } from '../../support/app.ts';
import { tutorialOrder } from '../../support/orders.ts';

test('the document is valid OpenAPI 3.1', async (t) => {
  const { request } = await openApp(t);

  const document = (await request({ url: '/openapi.json' })).json();

  const validator = new Validator();
  const result = await validator.validate(document);
  assert.deepEqual(result, { valid: true });
  assert.equal(validator.version, '3.1');
});

test('every status of the order routes is documented, errors as problem details', async (t) => {
  const { request } = await openApp(t);

  const { paths } = (await request({ url: '/openapi.json' })).json();

  const documented = (responses: Record<string, { content?: object }>) =>
    Object.entries(responses).map(([status, { content = {} }]) => `${status} ${Object.keys(content).join()}`);
  const problem = (status: number) => `${status} application/problem+json`;
  assert.deepEqual(documented(paths['/api/orders'].post.responses), [
    '201 application/json',
    ...[400, 401, 403, 406, 408, 409, 413, 415, 422, 429, 431, 500, 503].map(problem),
  ]);
  assert.deepEqual(documented(paths['/api/orders'].get.responses), [
    '200 application/json',
    ...[400, 401, 403, 406, 429, 431, 500, 503].map(problem),
  ]);
  assert.deepEqual(documented(paths['/api/orders/{orderId}/events'].get.responses), [
    '200 application/json',
    ...[400, 401, 403, 404, 406, 429, 431, 500, 503].map(problem),
  ]);
  assert.deepEqual(documented(paths['/api/orders/{orderId}/cancel'].post.responses), [
    '200 application/json',
    ...[400, 401, 403, 404, 406, 408, 409, 412, 413, 415, 422, 429, 431, 500, 503].map(problem),
  ]);
  assert.deepEqual(documented(paths['/api/orders/{orderId}'].get.responses), [
    '200 application/json',
    '304 ',
    ...[400, 401, 403, 404, 406, 429, 431, 500, 503].map(problem),
  ]);
});

test("the document's example is the tutorial's order, and it is taken as it stands", async (t) => {
  const { request, post } = await openApp(t);
  const { paths } = (await request({ url: '/openapi.json' })).json();

  const { example } = paths['/api/orders'].post.requestBody.content['application/json'];

  assert.deepEqual(example, tutorialOrder());
  assert.equal((await post(example)).statusCode, 201);
});

test('every answer about orders has an example that keeps to its schema and its status', async (t) => {
  const { request } = await openApp(t);
  const document = (await request({ url: '/openapi.json' })).json();
  const ajv = new Ajv2020({ strict: false, validateFormats: false });
  ajv.addSchema({ $id: 'openapi', ...document });

  for (const [path, method] of [
    ['/api/orders', 'post'],
    ['/api/orders', 'get'],
    ['/api/orders/{orderId}', 'get'],
    ['/api/orders/{orderId}/events', 'get'],
    ['/api/orders/{orderId}/cancel', 'post'],
  ] as const) {
    const { responses } = document.paths[path][method] as Operation;
    for (const [status, { content }] of Object.entries(responses)) {
      if (status === '304') continue; // has no body
      const [[media, { schema, example }]] = Object.entries(content ?? {}) as [[string, Content]];
      const pointer = ['paths', path, method, 'responses', status, 'content', media, 'schema'];
      const step = (name: string) => encodeURIComponent(name.replaceAll('~', '~0').replaceAll('/', '~1'));
      const $ref = `openapi#/${pointer.map(step).join('/')}`;
      const validate = ajv.compile({ $ref });
      const shape = document.components.schemas[String(schema.$ref).split('/').at(-1) ?? ''];
      assert.ok(validate(example ?? shape.examples[0]), `${$ref}: ${ajv.errorsText(validate.errors)}`);
      if (media === 'application/problem+json') assert.equal(example?.['status'], Number(status));
    }
  }
});

interface Content {
  readonly schema: { $ref: string };
  readonly example?: Record<string, unknown>;
}

interface Operation {
  readonly responses: Record<string, { content?: object }>;
}

test('Swagger UI needs nothing from another host', async (t) => {
  const { request } = await openApp(t);

  const page = await request({ url: '/docs/' });

  assert.equal(page.statusCode, 200);
  const links = [...page.body.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, link]) => String(link));
  assert.ok(links.length > 3, page.body);
  for (const link of links) {
    const file = new URL(link, 'http://here/docs/');
    assert.equal(file.host, 'here', link);
    assert.equal((await request({ url: file.pathname })).statusCode, 200, link);
  }
});

test('without docs neither the documents nor the pages are there', async (t) => {
  const { request } = await openApp(t, { docs: false });

  for (const url of [
    '/openapi.json',
    '/docs',
    '/docs/json',
    '/docs/events',
    '/asyncapi.json',
    '/schemas/OrderCreated/1',
  ]) {
    assert.equal((await request({ url })).statusCode, 404, url);
  }
});
