import { variableAt } from './wire.ts';

/** Types of .NET that have no AMQP type of their own: a symbol before the value says which it is. */
const describedTypes = ['com.microsoft:timespan', 'com.microsoft:uri', 'com.microsoft:datetime-offset'];

/**
 * The service's name of a property's type when it takes none of that type; undefined when it does. Numbers, texts,
 * booleans, times and uuids are allowed. https://github.com/Azure/azure-service-bus-dotnet/pull/512
 */
export function unsupportedPropertyType(bytes: Buffer, valueAt: number): string | undefined {
  switch (bytes.readUInt8(valueAt)) {
    case 0x00:
      return describedTypes.includes(variableAt(bytes, valueAt + 1)?.toString('ascii') ?? '')
        ? undefined
        : 'Microsoft.Azure.Amqp.Encoding.DescribedType';
    case 0xa0:
    case 0xb0:
      return 'System.Byte[]';
    case 0x45:
    case 0xc0:
    case 0xd0:
      return 'System.Collections.Generic.List`1[[System.Object]]';
    case 0xc1:
    case 0xd1:
      return 'Microsoft.Azure.Amqp.Encoding.AmqpMap';
    case 0xe0:
    case 0xf0:
      return 'System.Array';
    default:
      return undefined;
  }
}
