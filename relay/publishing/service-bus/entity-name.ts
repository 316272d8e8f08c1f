const NAME = /^[A-Za-z0-9]([A-Za-z0-9._/-]*[A-Za-z0-9])?$/;
const MAX_LENGTH = 260;

/** Why no topic or queue can have this name; undefined: it may. https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules#microsoftservicebus */
export function entityNameFault(name: string): string | undefined {
  if (name === '') return 'the name of the topic or queue is empty';
  if (name.length > MAX_LENGTH)
    return `the name of the topic or queue is longer than ${MAX_LENGTH} characters`;
  return NAME.test(name)
    ? undefined
    : `"${name}" is no name of a topic or queue: letters, digits, . - _ and /, a letter or a digit first and last`;
}
