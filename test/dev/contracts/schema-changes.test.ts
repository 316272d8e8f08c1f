import assert from 'node:assert/strict';
import { test } from 'node:test';
import { breakingChanges, type Schema } from '../../../dev/contracts/schema-changes.ts';

const text: Schema = { type: 'string' };
const object = (properties: Record<string, Schema>, required: string[] = []): Schema => ({
  type: 'object',
  properties,
  required,
});
const alternatives: Schema = { anyOf: [text, { type: 'null' }] };

/** Told of a request, and told of an answer or an event. */
const CASES: [change: string, before: Schema, after: Schema, taken: string[], given: string[]][] = [
  ['none', object({ a: text }, ['a']), object({ a: text }, ['a']), [], []],
  ['a member more', object({}), object({ a: text }), [], []],
  ['a member less', object({ a: text }), object({}), ['it.a: is gone'], ['it.a: is gone']],
  ['required now', object({ a: text }), object({ a: text }, ['a']), ['it.a: is required now'], []],
  ['optional now', object({ a: text }, ['a']), object({ a: text }), [], ['it.a: may be missing now']],
  [
    'another type',
    text,
    { type: 'number' },
    ['it: its type is another now'],
    ['it: its type is another now'],
  ],
  ['integers alone', { type: 'number' }, { type: 'integer' }, ['it: its type is another now'], []],
  ['fractions too', { type: 'integer' }, { type: 'number' }, [], ['it: its type is another now']],
  ['a value less', { enum: ['a', 'b'] }, { enum: ['a'] }, ['it: its values are others now'], []],
  ['a value more', { enum: ['a'] }, { enum: ['a', 'b'] }, [], ['it: its values are others now']],
  ['an enum now', text, { type: 'string', enum: ['a'] }, ['it: its values are others now'], []],
  [
    'an enum that was alternatives',
    { anyOf: [{ const: 'a' }, { const: 'b' }] },
    { enum: ['b', 'a'] },
    [],
    [],
  ],
  ['shorter', { ...text, maxLength: 9 }, { ...text, maxLength: 8 }, ['it: its maxLength is another now'], []],
  ['longer', { ...text, maxLength: 8 }, { ...text, maxLength: 9 }, [], ['it: its maxLength is another now']],
  ['no limit', { ...text, maxLength: 8 }, text, [], ['it: its maxLength is another now']],
  ['larger at least', { minimum: 0 }, { minimum: 1 }, ['it: its minimum is another now'], []],
  ['a pattern', text, { ...text, pattern: '^a$' }, ['it: its pattern is another now'], []],
  ['a format less', { ...text, format: 'date-time' }, text, [], ['it: its format is another now']],
  [
    'in items',
    { type: 'array', items: text },
    { type: 'array', items: { type: 'null' } },
    ['it[]: its type is another now'],
    ['it[]: its type is another now'],
  ],
  ['an alternative less', alternatives, text, ['it: its alternatives are others now'], []],
  ['an alternative more', text, alternatives, [], ['it: its alternatives are others now']],
];

for (const [change, before, after, taken, given] of CASES) {
  test(`${change}: what of it breaks others`, () => {
    assert.deepEqual(breakingChanges({ direction: 'taken', before, after, place: 'it' }), taken);
    assert.deepEqual(breakingChanges({ direction: 'given', before, after, place: 'it' }), given);
  });
}
