import type { ServiceBusMessage, ServiceBusSender } from '@azure/service-bus';
import { until } from '../../../support/until.ts';

/** The SDK opens a link anew for the next send, and for a moment says that it is busy. */
export async function sendOnNewLink(sender: ServiceBusSender, message: ServiceBusMessage): Promise<void> {
  await until('the SDK has another link', () =>
    sender.sendMessages(message).then(
      () => true,
      (error: Error) => {
        if (/SenderBusyError/.test(error.message)) return false;
        throw error;
      },
    ),
  );
}
