const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Whether this is the id of a message as people write it, in upper or lower case. */
export function isMessageId(text: string): boolean {
  return UUID.test(text);
}
