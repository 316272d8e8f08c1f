import rhea from 'rhea';
import { EncodedMessage } from '../../../dev/service-bus/encoded-message.ts';

/** A message as a client's library encodes it. */
export function encoded(fields: Record<string, unknown>): EncodedMessage {
  const body = rhea.message.data_section(fields['body'] ?? Buffer.from('x'));
  return new EncodedMessage(rhea.message.encode({ ...fields, body }));
}
