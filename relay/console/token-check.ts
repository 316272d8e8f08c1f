import { createHash, timingSafeEqual } from 'node:crypto';

/** Whether an `Authorization` header has the token; how long that takes says nothing about it. */
export function tokenCheck(token: string): (authorization: string | undefined) => boolean {
  const wanted = digest(`Bearer ${token}`);
  return (authorization = '') => timingSafeEqual(digest(authorization), wanted);
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
