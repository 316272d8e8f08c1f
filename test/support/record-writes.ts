import type pg from 'pg';

/** What a connection sends from here on: of each write with several messages its bytes, as latin1. */
export function recordWrites({ connection: { stream } }: pg.PoolClient): string[] {
  const writes: string[] = [];
  const writev = stream._writev?.bind(stream);
  stream._writev = (chunks, done) => {
    writes.push(Buffer.concat(chunks.map(({ chunk }) => chunk)).toString('latin1'));
    writev?.(chunks, done);
  };
  return writes;
}
