import { isIP } from 'node:net';
import { type Static, Type } from '@sinclair/typebox';
import type { Check } from './core/config.ts';
import type { EdgeOptions } from './http/edge.ts';
import { readKeyPair } from './http/key-pair.ts';
import { parseRateLimit } from './http/rate-limit.ts';

/** The settings of what stands between clients and the api. Each is off unless it is set. */
export const edgeConfig = {
  CORS_ORIGIN: Type.Optional(
    Type.String({
      description: 'origins separated by commas, such as https://shop.example.com, or * for any',
      check: originFault satisfies Check,
    }),
  ),
  RATE_LIMIT: Type.Optional(
    Type.String({
      description: 'how many requests in which time, such as 100/1m (s, m or h, a day at most)',
      check: rateLimitFault satisfies Check,
    }),
  ),
  TRUST_PROXY: Type.Optional(
    Type.String({
      description: 'addresses of proxies or their networks, separated by commas, such as 10.0.0.0/8,::1',
      check: trustProxyFault satisfies Check,
    }),
  ),
  HTTPS_REDIRECT: Type.Boolean({
    default: false,
    description: 'true or false; true with TLS_CERT_FILE or TRUST_PROXY',
    check: redirectFault satisfies Check<boolean>,
  }),
  PUBLIC_BASE_PATH: Type.Optional(
    Type.String({
      pattern: '^(/[A-Za-z0-9._~-]+)+$',
      description: 'a path with a slash before and none behind it, such as /shop',
    }),
  ),
  TLS_CERT_FILE: Type.Optional(
    Type.String({
      description: 'the path of a PEM file with the certificate and its chain, with TLS_KEY_FILE',
      check: certificateFault satisfies Check,
    }),
  ),
  TLS_KEY_FILE: Type.Optional(
    Type.String({
      description: "the path of a PEM file with the certificate's private key, with TLS_CERT_FILE",
      check: keyFault satisfies Check,
    }),
  ),
};
const EdgeConfig = Type.Object(edgeConfig);
export type EdgeConfig = Static<typeof EdgeConfig>;

/** The values of a setting that is a list. */
const listed = (value: string) => value.split(',').map((each) => each.trim());

function originFault(value: string): string | undefined {
  const origins = listed(value);
  if (origins.includes('*') && origins.length > 1) return '* stands alone';
  const wrong = origins.find((each) => each !== '*' && !isOrigin(each));
  return wrong === undefined ? undefined : `"${wrong}" is no origin: scheme, host and port alone`;
}

function isOrigin(text: string): boolean {
  return /^https?:/.test(text) && URL.canParse(text) && new URL(text).origin === text;
}

function rateLimitFault(value: string): string | undefined {
  return parseRateLimit(value) ? undefined : 'it is no such rate';
}

const NAMED_NETWORKS = new Set(['loopback', 'linklocal', 'uniquelocal']);

function trustProxyFault(value: string): string | undefined {
  if (value === 'true' || /^\d+$/.test(value))
    return 'then every client could choose the address that it seems to have; name the proxies';
  const wrong = listed(value).find((each) => !NAMED_NETWORKS.has(each) && !isNetwork(each));
  return wrong === undefined ? undefined : `"${wrong}" is no address`;
}

function isNetwork(text: string): boolean {
  const [address = '', bits, ...more] = text.split('/');
  const version = isIP(address);
  if (version === 0 || more.length > 0) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128));
}

function redirectFault(wanted: boolean, { TLS_CERT_FILE, TRUST_PROXY }: Others): string | undefined {
  return wanted && !TLS_CERT_FILE && !TRUST_PROXY
    ? 'neither TLS_CERT_FILE nor TRUST_PROXY is set, so every request would be redirected for ever'
    : undefined;
}

function certificateFault(file: string, { TLS_KEY_FILE: keyFile }: Others): string | undefined {
  if (typeof keyFile !== 'string') return 'TLS_KEY_FILE is missing';
  try {
    readKeyPair({ certFile: file, keyFile });
    return undefined;
  } catch (error) {
    return `it cannot be used with its key: ${(error as Error).message}`;
  }
}

function keyFault(_file: string, { TLS_CERT_FILE: certFile }: Others): string | undefined {
  return certFile === undefined ? 'TLS_CERT_FILE is missing' : undefined;
}

type Others = Readonly<Record<string, unknown>>;

/** The same as what the app takes. */
export function edgeOptions(config: EdgeConfig): EdgeOptions {
  const { CORS_ORIGIN, RATE_LIMIT, TRUST_PROXY, HTTPS_REDIRECT, PUBLIC_BASE_PATH } = config;
  const { TLS_CERT_FILE: certFile, TLS_KEY_FILE: keyFile } = config;
  return {
    corsOrigins: CORS_ORIGIN === undefined ? undefined : listed(CORS_ORIGIN),
    rateLimit: RATE_LIMIT === undefined ? undefined : parseRateLimit(RATE_LIMIT),
    trustProxy: TRUST_PROXY === undefined ? undefined : listed(TRUST_PROXY),
    httpsRedirect: HTTPS_REDIRECT,
    publicBasePath: PUBLIC_BASE_PATH,
    tls: certFile === undefined || keyFile === undefined ? undefined : { certFile, keyFile },
  };
}
