import type { EventContext, Message, Receiver, Sender } from 'rhea';
import rhea from 'rhea';
import type { AmqpError } from './amqp-error.ts';
import { settleSilently, transferredBytes } from './rhea-internals.ts';

/** The answer to a request: 200 or the like, or an error's status and condition. */
export interface Response {
  readonly status: number;
  readonly description: string;
  readonly condition?: string;
  readonly body?: unknown;
}

/** `$cbs` and `$management` write the names of the same three properties differently. */
export type ResponseNaming = 'kebab' | 'camel';

/** Answers every request that comes in on the link, on the link of the same session that the request names. */
export function serveRequests(
  receiver: Receiver,
  naming: ResponseNaming,
  handle: (request: Message) => Response | undefined,
): void {
  receiver.set_target(receiver.target);
  receiver.on('message', (context: EventContext) => {
    const { delivery } = context;
    if (delivery === undefined) return;
    // rhea has two types called Message; what it decodes has the fields of this one.
    const request = rhea.message.decode(transferredBytes(context)) as unknown as Message;
    const response = handle(request);
    if (response === undefined) {
      settleSilently(delivery);
      return;
    }
    delivery.accept();
    responseLink(receiver, request.reply_to)?.send(responseMessage(request, response, naming));
  });
}

/** An answer with status 200. */
export function success(body: unknown): Response {
  return { status: 200, description: 'OK', body };
}

/** An error as a response. */
export function errorResponse(status: number, error: AmqpError): Response {
  return { status, description: error.description, condition: error.condition };
}

function responseLink(receiver: Receiver, replyTo: unknown): Sender | undefined {
  const address = receiver.target.address;
  return (
    receiver.session.find_sender(
      (sender: Sender) => sender.name === replyTo || sender.target?.address === replyTo,
    ) ?? receiver.session.find_sender((sender: Sender) => sender.source?.address === address)
  );
}

function responseMessage(request: Message, response: Response, naming: ResponseNaming): Message {
  const { status, description, condition, body } = response;
  const properties =
    naming === 'kebab'
      ? { 'status-code': status, 'status-description': description, 'error-condition': condition }
      : { statusCode: status, statusDescription: description, errorCondition: condition };
  // rhea's typings ask for the methods of a decoded message also where one is built.
  return {
    correlation_id: request.message_id,
    application_properties: Object.fromEntries(
      Object.entries(properties).filter(([, value]) => value !== undefined),
    ),
    body,
  } as unknown as Message;
}
