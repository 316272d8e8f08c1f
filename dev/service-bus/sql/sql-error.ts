/** What is wrong in a filter or an action, or cannot be done with the properties of a message. */
export class SqlError extends Error {
  override readonly name = 'SqlError';
}
