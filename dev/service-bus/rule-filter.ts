import type { EncodedMessage } from './encoded-message.ts';

/** A subscription's filter. Every field of a correlation filter that is given must be equal. */
export type RuleFilter =
  | { readonly kind: 'true' }
  | { readonly kind: 'false' }
  | {
      readonly kind: 'correlation';
      readonly fields: Readonly<Partial<Record<CorrelationField, string>>>;
      readonly properties: Readonly<Record<string, unknown>>;
    };

export type CorrelationField =
  | 'contentType'
  | 'correlationId'
  | 'subject'
  | 'messageId'
  | 'replyTo'
  | 'replyToSessionId'
  | 'sessionId'
  | 'to';

/** Whether the message goes to a subscription that has this filter. */
export function filterMatches(filter: RuleFilter, message: EncodedMessage): boolean {
  switch (filter.kind) {
    case 'true':
      return true;
    case 'false':
      return false;
    case 'correlation': {
      for (const [field, wanted] of Object.entries(filter.fields)) {
        if (message[field as CorrelationField] !== wanted) return false;
      }
      const wantedProperties = Object.entries(filter.properties);
      if (wantedProperties.length === 0) return true;
      const properties = message.applicationProperties;
      return wantedProperties.every(([name, wanted]) => properties[name] === wanted);
    }
  }
}
