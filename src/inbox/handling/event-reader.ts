import { compileSchema } from '../../http/validation.ts';
import type { Message } from '../../messages/message.ts';
import type { MessageContext } from '../../messages/message-context.ts';
import type { ReceivedMessage } from '../received-message.ts';
import type { ConsumedEvent } from './consumed-event.ts';
import { HandlingError } from './handling-error.ts';

/** What a message asks for, and the context that it is asked in. */
export interface ReadEvent<Command extends Message> {
  readonly command: Command;
  readonly context: MessageContext;
}

/** That are told of one body: a sender could make up megabytes of them, for the log and the status. */
const MOST_FAULTS = 20;
const UTF8 = new TextDecoder('utf-8', { fatal: true });

/** Reads messages by these events, whose schemas are compiled here, once. What it returns throws a HandlingError. */
export function eventReader<Command extends Message>(
  events: Readonly<Record<string, ConsumedEvent<Command>>>,
): (message: ReceivedMessage) => ReadEvent<Command> {
  const known = new Map(
    Object.entries(events).map(([type, event]) => [
      type,
      { ...event, validate: compileSchema(event.schema) },
    ]),
  );
  return (message) => {
    const event = message.type === undefined ? undefined : known.get(message.type);
    if (!event)
      throw new HandlingError('TYPE_UNKNOWN', `Events of type ${message.type} are not consumed here`);
    if (!message.messageId) {
      throw new HandlingError(
        'MESSAGE_ID_MISSING',
        'A message without messageId cannot be told from its repeat',
      );
    }
    const version = Number(message.metadata['schemaVersion'] ?? 1);
    if (!(Math.trunc(version) <= event.schemaVersion)) {
      const known = `up to ${event.schemaVersion} is understood`;
      throw new HandlingError(
        'SCHEMA_TOO_NEW',
        `schemaVersion is ${message.metadata['schemaVersion']}; ${known}`,
      );
    }
    const body = parse(message.body);
    if (!event.validate(body)) {
      const errors = event.validate.errors ?? [];
      const faults = errors
        .slice(0, MOST_FAULTS)
        .map(({ instancePath, message: fault = 'is invalid' }) => ({ pointer: instancePath, detail: fault }));
      const told = faults.map(({ pointer, detail }) => `${pointer || 'the body'} ${detail}`);
      if (errors.length > MOST_FAULTS) told.push(`and ${errors.length - MOST_FAULTS} more`);
      throw new HandlingError('BODY_INVALID', told.join('; '), { faults });
    }
    return { command: event.toCommand(body as never), context: contextOf(message, message.messageId) };
  };
}

function parse(body: Buffer): unknown {
  try {
    return JSON.parse(UTF8.decode(body));
  } catch {
    // Without its cause, which quotes the body: that is for no log.
    throw new HandlingError('BODY_MALFORMED', 'The body is no JSON in UTF-8');
  }
}

function contextOf(message: ReceivedMessage, messageId: string): MessageContext {
  const { correlationId = messageId, causationId, userId, trace } = message;
  // What follows has a schema of its own.
  const { schemaVersion: _, ...metadata } = message.metadata;
  return { messageId, correlationId, causationId, userId, metadata, trace };
}
