import type { Fields } from './config-reader.ts';
import { limits } from './limits.ts';
import { type Right, rights, type SharedAccessPolicy } from './shared-access-policy.ts';

/**
 * The `AuthorizationRules` of a namespace, a queue or a topic, an addition to the emulator's form, which ignores it:
 * `[{ "KeyName": "sender", "PrimaryKey": "...", "Rights": ["Send"] }]`.
 */
export function readPolicies(fields: Fields): SharedAccessPolicy[] {
  const path = fields.path('AuthorizationRules');
  const policies = fields.reader.list(fields.take('AuthorizationRules') ?? [], path, readPolicy) ?? [];
  const most = limits.policiesPerLevel.value;
  if (policies.length > most) fields.wrong('AuthorizationRules', `must be at most ${most}`);
  return policies;
}

function readPolicy(fields: Fields): SharedAccessPolicy {
  return {
    name: fields.text('KeyName', /^.+$/) ?? '',
    key: fields.text('PrimaryKey', /^.+$/) ?? '',
    rights: readRights(fields),
  };
}

function readRights(fields: Fields): Right[] {
  const given = fields.take('Rights');
  if (!Array.isArray(given) || given.length === 0 || !given.every((right) => rights.includes(right))) {
    fields.wrong('Rights', `must be a list of ${rights.join(', ')}`);
    return [];
  }
  // As in the portal: whoever manages may do the other two.
  if (given.includes('Manage') && given.length < rights.length) {
    fields.wrong('Rights', 'with Manage must have Send and Listen too');
  }
  return given;
}
