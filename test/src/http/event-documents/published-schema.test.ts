import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { schemaDocument } from '../../../../src/http/event-documents/published-schema.ts';
import { EVENT_CATALOGUE } from '../../../../src/messages/event-catalogue.ts';

const ajv = new Ajv2020({ strictSchema: true, validateFormats: true, formats: { 'date-time': true } });

for (const event of EVENT_CATALOGUE) {
  const schema = schemaDocument(event);

  test(`the schema of ${event.type} ${event.major} is one for any strict tool, and its examples keep to it`, () => {
    const validate = ajv.getSchema(String(schema['$id'])) ?? ajv.compile(schema);
    const examples = schema['examples'] as Record<string, unknown>[];

    assert.ok(examples.length > 0);
    for (const example of examples) {
      assert.ok(validate(example), ajv.errorsText(validate.errors));
      assert.ok(validate({ ...example, addedLater: true }), 'a consumer takes what a later version adds');
      assert.ok(!validate({ ...example, orderId: 1 }));
    }
  });
}
