import type { FastifyError } from 'fastify';

/** What a client can do about what Fastify, its parsers or Node refuse, by the code of the refusal. */
const TEXTS: Readonly<Record<string, string>> = {
  FST_ERR_BAD_URL: 'The address cannot be decoded: write a % as %25, and other characters as UTF-8',
  FST_ERR_CTP_BODY_TOO_LARGE: 'The body is larger than 256 KB; send a smaller one',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'The body cannot be empty; send a JSON object',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH:
    'The body is not as long as Content-Length says; send its length in bytes',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'The body must be JSON; send application/json as its Content-Type',
  ERR_HTTP_REQUEST_TIMEOUT: 'The request took longer than 10 s to arrive; send it again',
  HPE_HEADER_OVERFLOW: 'The headers are larger than 16 KB; send fewer or shorter ones',
  HPE_INVALID_METHOD: 'The request does not begin with a method of HTTP; use one that Allow lists',
};

/** What is told about an error that is blamed on the client. One without a code is ours, and says it itself. */
export function refusalText({ code, message }: Pick<FastifyError, 'code' | 'message'>): string {
  if (!code) return message;
  return TEXTS[code] ?? 'This is no request that HTTP/1.1 allows; see https://www.rfc-editor.org/rfc/rfc9112';
}
