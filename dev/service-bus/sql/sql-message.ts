import type { EncodedMessage, TextField } from '../encoded-message.ts';
import { SqlError } from './sql-error.ts';
import { type SqlValue, sqlValue } from './sql-value.ts';

/** The system properties that filters can read and actions can set, by their name in lower case. */
const systemFields: Readonly<Record<string, TextField>> = {
  contenttype: 'contentType',
  correlationid: 'correlationId',
  label: 'subject',
  subject: 'subject',
  messageid: 'messageId',
  replyto: 'replyTo',
  replytosessionid: 'replyToSessionId',
  sessionid: 'sessionId',
  to: 'to',
};

export type SqlProperty =
  | { readonly scope: 'sys'; readonly field: TextField }
  | { readonly scope: 'user'; readonly name: string };

/** Throws a SqlError for a system property that is not there, or that this broker does not have. */
export function sqlProperty(scope: string, name: string): SqlProperty {
  switch (scope.toLowerCase()) {
    case 'user':
      return { scope: 'user', name };
    case 'sys': {
      const field = systemFields[name.toLowerCase()];
      if (field !== undefined) return { scope: 'sys', field };
      throw new SqlError(`sys.${name} is not known here; known are ${Object.keys(systemFields).join(', ')}`);
    }
    default:
      throw new SqlError(`'${scope}' is no scope: there are sys and user`);
  }
}

interface UserProperty {
  readonly name: string;
  readonly value: SqlValue;
}

/** What filters see of a message, and actions change in a copy of it. The names of properties are found in any case. */
export class SqlMessage {
  readonly #message: EncodedMessage;
  /** Decoded once, when one of them is asked for. */
  #user: Map<string, { readonly name: string; readonly raw: unknown }> | undefined;
  readonly #setFields = new Map<TextField, string | undefined>();
  readonly #setUser = new Map<string, UserProperty>();

  constructor(message: EncodedMessage) {
    this.#message = message;
  }

  /** What was set, by the field, or by the name that the message already has for it. Undefined removes. */
  get changes(): {
    fields: ReadonlyMap<TextField, string | undefined>;
    properties: Record<string, SqlValue>;
  } {
    const properties = [...this.#setUser.values()].map(({ name, value }): [string, SqlValue] => [
      name,
      value,
    ]);
    return { fields: this.#setFields, properties: Object.fromEntries(properties) };
  }

  get(property: SqlProperty): SqlValue {
    if (property.scope === 'sys') {
      const { field } = property;
      return this.#setFields.has(field) ? this.#setFields.get(field) : this.#message[field];
    }
    const key = property.name.toLowerCase();
    const set = this.#setUser.get(key);
    return set === undefined ? sqlValue(this.#properties().get(key)?.raw) : set.value;
  }

  has(property: SqlProperty): boolean {
    return property.scope === 'sys'
      ? this.get(property) !== undefined
      : this.#properties().has(property.name.toLowerCase());
  }

  set(property: SqlProperty, value: SqlValue): void {
    if (property.scope === 'user') {
      const key = property.name.toLowerCase();
      this.#setUser.set(key, { name: this.#properties().get(key)?.name ?? property.name, value });
    } else if (value === undefined || typeof value === 'string') {
      this.#setFields.set(property.field, value);
    } else {
      throw new SqlError(`sys.${property.field} takes a text`);
    }
  }

  #properties(): Map<string, { readonly name: string; readonly raw: unknown }> {
    this.#user ??= new Map(
      Object.entries(this.#message.applicationProperties).map(([name, raw]) => [
        name.toLowerCase(),
        { name, raw },
      ]),
    );
    return this.#user;
  }
}
