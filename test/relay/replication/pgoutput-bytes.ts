/** pgoutput messages made by hand. https://www.postgresql.org/docs/current/protocol-logicalrep-message-formats.html */

/** `committedAt`: milliseconds since 1970; PostgreSQL writes microseconds since 2000. */
export function begin(commitLsn: bigint, xid: number, committedAt = Date.UTC(2000)): Buffer {
  const time = BigInt(Math.round((committedAt - Date.UTC(2000)) * 1_000));
  return Buffer.concat([Buffer.from('B'), uint64(commitLsn), uint64(time), uint32(xid)]);
}

export function commit(commitLsn: bigint, endLsn: bigint): Buffer {
  return Buffer.concat([Buffer.from('C\0'), uint64(commitLsn), uint64(endLsn), uint64(0n)]);
}

export function relation(oid: number, columns: readonly string[], table = 'outbox'): Buffer {
  const described = columns.map((name) =>
    Buffer.concat([Buffer.from('\0'), text(name), uint32(25), uint32(0)]),
  );
  return Buffer.concat([
    Buffer.from('R'),
    uint32(oid),
    text('public'),
    text(table),
    Buffer.from('d'),
    uint16(columns.length),
    ...described,
  ]);
}

export function insert(oid: number, values: readonly (string | Buffer | null)[]): Buffer {
  const columns = values.map((value) => {
    if (value === null) return Buffer.from('n');
    const bytes = Buffer.from(value);
    return Buffer.concat([Buffer.from('t'), uint32(bytes.length), bytes]);
  });
  return Buffer.concat([Buffer.from('I'), uint32(oid), Buffer.from('N'), uint16(values.length), ...columns]);
}

export function logicalMessage(prefix: string, content: string, transactional = true): Buffer {
  const flags = Buffer.from(transactional ? '\x01' : '\0');
  const bytes = Buffer.from(content);
  return Buffer.concat([Buffer.from('M'), flags, uint64(0n), text(prefix), uint32(bytes.length), bytes]);
}

function text(value: string): Buffer {
  return Buffer.from(`${value}\0`);
}

function uint16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

function uint64(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(value);
  return bytes;
}
