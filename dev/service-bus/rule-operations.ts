import rhea from 'rhea';
import { refusal } from './amqp-error.ts';
import { limits } from './limits.ts';
import { mapIn, numberIn, type RequestBody, textIn } from './request-body.ts';
import { errorResponse, type Response, success } from './request-link.ts';
import { type RuleFilter, sqlRuleFilter } from './rule-filter.ts';
import { parseSqlAction } from './sql/sql-action.ts';
import { SqlError } from './sql/sql-error.ts';
import type { Rule, SubscriptionRules } from './subscription-rules.ts';

/** The fields of a correlation filter in the order in which they are listed, and the names that requests have for them. */
const correlationFields = [
  ['correlationId', 'correlation-id'],
  ['messageId', 'message-id'],
  ['to', 'to'],
  ['replyTo', 'reply-to'],
  ['subject', 'label'],
  ['sessionId', 'session-id'],
  ['replyToSessionId', 'reply-to-session-id'],
  ['contentType', 'content-type'],
] as const;

/** Filters have another beginning than rules and actions: the service's table is so, and the SDK takes nothing else. */
const descriptor = {
  rule: 0x137_0000_0004,
  noAction: 0x137_0000_0005,
  sqlAction: 0x137_0000_0006,
  sqlFilter: 0x13_7000_0006,
  trueFilter: 0x13_7000_0007,
  falseFilter: 0x13_7000_0008,
  correlationFilter: 0x13_7000_0009,
} as const;

/** Operations on the rules of a subscription; `address` is what people call the subscription. */
export const ruleOperations = {
  'add-rule': { rules: addRule },
  'remove-rule': { rules: removeRule },
  'enumerate-rules': { rules: enumerateRules },
} as const;

function addRule(rules: SubscriptionRules, body: RequestBody, address: string): Response {
  const name = textIn(body, 'rule-name') ?? '';
  const mostCharacters = limits.ruleNameCharacters.value;
  if (name === '' || name.length > mostCharacters) {
    return badRule(`The name of a rule has 1 to ${mostCharacters} characters.`);
  }
  try {
    const rule = readRule(name, mapIn(body, 'rule-description') ?? {});
    if (rule === undefined) return badRule('A rule needs an sql-filter or a correlation-filter.');
    return rules.add(rule)
      ? success(undefined)
      : errorResponse(409, refusal.alreadyExists(`${address}/Rules/${name}`));
  } catch (error) {
    if (error instanceof SqlError) return badRule(`${error.message}.`);
    throw error;
  }
}

function removeRule(rules: SubscriptionRules, body: RequestBody, address: string): Response {
  const name = textIn(body, 'rule-name') ?? '';
  return rules.remove(name)
    ? success(undefined)
    : errorResponse(404, refusal.notFound(`${address}/Rules/${name}`));
}

function enumerateRules(rules: SubscriptionRules, body: RequestBody): Response {
  const skip = numberIn(body, 'skip');
  const page = rules.list().slice(skip, skip + numberIn(body, 'top'));
  if (page.length === 0) return { status: 204, description: 'No more rules.' };
  return success({ rules: page.map((rule) => ({ 'rule-description': described(rule) })) });
}

function readRule(name: string, description: RequestBody): Rule | undefined {
  const sql = textIn(mapIn(description, 'sql-filter') ?? {}, 'expression');
  const correlation = mapIn(description, 'correlation-filter');
  const action = textIn(mapIn(description, 'sql-rule-action') ?? {}, 'expression');
  if ((sql === undefined) === (correlation === undefined)) return undefined;
  return {
    name,
    filter: sql === undefined ? readCorrelation(correlation ?? {}) : sqlRuleFilter(sql),
    ...(action === undefined ? {} : { action: { expression: action, apply: parseSqlAction(action) } }),
  };
}

function readCorrelation(filter: RequestBody): RuleFilter {
  const fields = correlationFields.flatMap(([field, name]) => {
    const text = textIn(filter, name);
    return text === undefined ? [] : [[field, text]];
  });
  return {
    kind: 'correlation',
    fields: Object.fromEntries(fields),
    properties: mapIn(filter, 'properties') ?? {},
  };
}

function described({ name, filter, action }: Rule): unknown {
  const ruleAction =
    action === undefined
      ? rhea.types.wrap_described([], descriptor.noAction)
      : rhea.types.wrap_described([action.expression], descriptor.sqlAction);
  return rhea.types.wrap_described([describedFilter(filter), ruleAction, name], descriptor.rule);
}

function describedFilter(filter: RuleFilter): unknown {
  switch (filter.kind) {
    case 'true':
      return rhea.types.wrap_described([], descriptor.trueFilter);
    case 'false':
      return rhea.types.wrap_described([], descriptor.falseFilter);
    case 'sql':
      return rhea.types.wrap_described([filter.expression], descriptor.sqlFilter);
    case 'correlation': {
      const texts = correlationFields.map(([field]) => filter.fields[field] ?? null);
      return rhea.types.wrap_described([...texts, filter.properties], descriptor.correlationFilter);
    }
  }
}

function badRule(reason: string): Response {
  return errorResponse(400, refusal.invalidArgument(reason));
}
