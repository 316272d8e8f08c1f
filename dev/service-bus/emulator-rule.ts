import type { Fields } from './config-reader.ts';
import type { CorrelationField, RuleFilter } from './rule-filter.ts';

const correlationFields: Readonly<Record<string, CorrelationField>> = {
  ContentType: 'contentType',
  CorrelationId: 'correlationId',
  Label: 'subject',
  MessageId: 'messageId',
  ReplyTo: 'replyTo',
  ReplyToSessionId: 'replyToSessionId',
  SessionId: 'sessionId',
  To: 'to',
};

/** The two SQL expressions that the service itself makes, for a rule that takes all and one that takes nothing. */
const sqlFilters: Readonly<Record<string, RuleFilter>> = {
  '1=1': { kind: 'true' },
  '1=0': { kind: 'false' },
};

/** A rule of a subscription in the emulator's configuration. What it cannot do it reports: a filter is never ignored. */
export function readRule(fields: Fields): RuleFilter {
  fields.take('Name');
  return fields.inner('Properties', readProperties) ?? { kind: 'false' };
}

function readProperties(fields: Fields): RuleFilter {
  if (fields.take('Action') !== undefined)
    fields.wrong('Action', 'is not supported: messages are not changed here');
  const type = fields.take('FilterType');
  if (type === 'Correlation') {
    return fields.inner('CorrelationFilter', readCorrelation) ?? missing(fields, 'CorrelationFilter');
  }
  if (type === 'Sql') {
    return fields.inner('SqlFilter', readSql) ?? missing(fields, 'SqlFilter');
  }
  fields.wrong('FilterType', 'must be Correlation or Sql');
  return { kind: 'false' };
}

function readCorrelation(fields: Fields): RuleFilter {
  const wanted: Partial<Record<CorrelationField, string>> = {};
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

function readSql(fields: Fields): RuleFilter {
  const expression = fields.take('SqlExpression');
  const filter = typeof expression === 'string' ? sqlFilters[expression.replaceAll(' ', '')] : undefined;
  if (filter === undefined) {
    fields.wrong('SqlExpression', 'is not supported: only 1=1 and 1=0 are; use a correlation filter');
  }
  return filter ?? { kind: 'false' };
}

function missing(fields: Fields, name: string): RuleFilter {
  if (fields.isMissing(name)) fields.wrong(name, 'is missing');
  return { kind: 'false' };
}
