import { parseIntoClientConfig } from 'pg-connection-string';

/** Those of pg, and libpq's `allow`: https://node-postgres.com/features/ssl */
const SSL_MODES = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full', 'no-verify'];

/**
 * The same URL in the words that pg is going to keep: until its next major version every sslmode that encrypts is verify-full to it, and
 * for all but that word it prints a warning. With `uselibpqcompat=true` each means what it means to libpq, and stays.
 * https://www.postgresql.org/docs/current/libpq-ssl.html#LIBPQ-SSL-SSLMODE-STATEMENTS
 */
export function asPgReadsIt(url: string): string {
  if (/[?&]uselibpqcompat=true(?=&|$)/.test(url)) return url;
  return url.replace(/(?<=[?&]sslmode=)(allow|prefer|require|verify-ca)(?=&|$)/, 'verify-full');
}

/** What keeps pg from connecting by this URL, without a word of what is in it; undefined if nothing does. */
export function postgresUrlFault(url: string): string | undefined {
  // pg reads what follows as a fragment, and of what stands before it some other host.
  if (url.includes('#')) return 'a # has to be written as %23';
  const [authority = '', ...path] = url.replace(/^\w+:\/\//, '').split(/(?=[/?])/);
  if (!authority.includes('@') && path[0]?.includes('@'))
    return 'a / or ? in the password has to be written as %2F or %3F';
  const hosts = authority.slice(authority.lastIndexOf('@') + 1);
  if (hosts.includes(',')) return 'it names several hosts, and pg connects to one';
  const sslMode = /[?&]sslmode=([^&]*)/.exec(url)?.[1];
  if (sslMode !== undefined && !SSL_MODES.includes(sslMode))
    return `sslmode has to be one of ${SSL_MODES.join(', ')}`;
  try {
    const { port } = parseIntoClientConfig(asPgReadsIt(url));
    return port === undefined || (port > 0 && port < 65_536)
      ? undefined
      : 'the port has to be from 1 to 65535';
  } catch (error) {
    return `pg cannot read it: ${(error as Error).message}`;
  }
}
