import { parseIntoClientConfig } from 'pg-connection-string';

/** What keeps pg from connecting by this URL, without a word of what is in it; undefined if nothing does. */
export function postgresUrlFault(url: string): string | undefined {
  // pg reads what follows as a fragment, and of what stands before it some other host.
  if (url.includes('#')) return 'a # has to be written as %23';
  const [authority = '', ...path] = url.replace(/^\w+:\/\//, '').split(/(?=[/?])/);
  if (!authority.includes('@') && path[0]?.includes('@'))
    return 'a / or ? in the password has to be written as %2F or %3F';
  const hosts = authority.slice(authority.lastIndexOf('@') + 1);
  if (hosts.includes(',')) return 'it names several hosts, and pg connects to one';
  try {
    const { port } = parseIntoClientConfig(url);
    return port === undefined || (port > 0 && port < 65_536)
      ? undefined
      : 'the port has to be from 1 to 65535';
  } catch (error) {
    return `pg cannot read it: ${(error as Error).message}`;
  }
}
