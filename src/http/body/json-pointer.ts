/** One step down a JSON pointer: https://www.rfc-editor.org/rfc/rfc6901#section-3 */
export function childPointer(parent: string, name: string): string {
  return `${parent}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;
}
