import type { Fields } from './config-reader.ts';
import type { TextField } from './encoded-message.ts';
import { type RuleFilter, sqlRuleFilter } from './rule-filter.ts';
import { parseSqlAction } from './sql/sql-action.ts';
import { SqlError } from './sql/sql-error.ts';
import type { Rule } from './subscription-rules.ts';

const correlationFields: Readonly<Record<string, TextField>> = {
  ContentType: 'contentType',
  CorrelationId: 'correlationId',
  Label: 'subject',
  MessageId: 'messageId',
  ReplyTo: 'replyTo',
  ReplyToSessionId: 'replyToSessionId',
  SessionId: 'sessionId',
  To: 'to',
};

const noFilter: RuleFilter = { kind: 'false' };

/** A rule of a subscription in the emulator's configuration. What it cannot do it reports: a filter is never ignored. */
export function readRule(fields: Fields): Rule {
  const name = fields.text('Name', /^.{1,50}$/) ?? '';
  return { name, filter: noFilter, ...fields.inner('Properties', readProperties) };
}

function readProperties(fields: Fields): Omit<Rule, 'name'> {
  const action = fields.inner('Action', (inner) =>
    readSql(inner, (expression) => ({ expression, apply: parseSqlAction(expression) })),
  );
  return { filter: readFilter(fields), ...(action === undefined ? {} : { action }) };
}

function readFilter(fields: Fields): RuleFilter {
  const type = fields.take('FilterType');
  if (type === 'Correlation') {
    return fields.inner('CorrelationFilter', readCorrelation) ?? missing(fields, 'CorrelationFilter');
  }
  if (type === 'Sql') return fields.inner('SqlFilter', readSqlFilter) ?? missing(fields, 'SqlFilter');
  fields.wrong('FilterType', 'must be Correlation or Sql');
  return noFilter;
}

/** `Parameters` is an addition to the emulator's form: there SQL filters come with values by the administration client. */
function readSqlFilter(fields: Fields): RuleFilter {
  const parameters = fields.inner('Parameters', (inner) => inner.takeAll());
  return readSql(fields, (expression) => sqlRuleFilter(expression, parameters)) ?? noFilter;
}

function readCorrelation(fields: Fields): RuleFilter {
  const wanted: Partial<Record<TextField, string>> = {};
  for (const [name, field] of Object.entries(correlationFields)) {
    const value = fields.take(name);
    if (typeof value === 'string') wanted[field] = value;
    else if (value !== undefined) fields.wrong(name, 'must be a text');
  }
  const properties = fields.inner('Properties', (inner) => inner.takeAll()) ?? {};
  if (Object.keys(wanted).length + Object.keys(properties).length === 0) {
    fields.wrong('Properties', 'or another field must be given: an empty filter says nothing');
  }
  return { kind: 'correlation', fields: wanted, properties };
}

function readSql<T>(fields: Fields, parse: (expression: string) => T): T | undefined {
  const expression = fields.take('SqlExpression');
  try {
    if (typeof expression === 'string') return parse(expression);
    fields.wrong('SqlExpression', expression === undefined ? 'is missing' : 'must be a text');
  } catch (error) {
    if (!(error instanceof SqlError)) throw error;
    fields.wrong('SqlExpression', `is not supported: ${error.message}`);
  }
  return undefined;
}

function missing(fields: Fields, name: string): RuleFilter {
  if (fields.isMissing(name)) fields.wrong(name, 'is missing');
  return noFilter;
}
