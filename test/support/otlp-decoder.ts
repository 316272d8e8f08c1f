/** What arrives by OTLP as protobuf, as far as tests ask for it: https://github.com/open-telemetry/opentelemetry-proto */

export interface ReceivedSpan {
  readonly service: unknown;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly name: string;
  readonly kind: number;
  readonly durationMs: number;
  readonly attributes: Attributes;
  readonly links: readonly { traceId: string; spanId: string; attributes: Attributes }[];
  /** 2: an error. */
  readonly status: number;
}

export interface ReceivedMetric {
  readonly service: unknown;
  readonly name: string;
  readonly type: 'gauge' | 'sum' | 'histogram';
  readonly points: readonly {
    readonly attributes: Attributes;
    /** Of a histogram: how many. */
    readonly value: number;
    readonly sum: number;
    readonly bounds: readonly number[];
    readonly bucketCounts: readonly number[];
  }[];
}

type Attributes = Readonly<Record<string, string | number | boolean>>;

export function decodeSpans(body: Buffer): ReceivedSpan[] {
  return scopesOf(body).flatMap(({ service, scope }) =>
    scope.messages(2).map((span) => ({
      service,
      traceId: span.hex(1),
      spanId: span.hex(2),
      parentSpanId: span.hex(4),
      name: span.text(5),
      kind: span.number(6),
      durationMs: Number(span.fixed64(8) - span.fixed64(7)) / 1e6,
      attributes: attributesOf(span, 9),
      links: span.messages(13).map((link) => ({
        traceId: link.hex(1),
        spanId: link.hex(2),
        attributes: attributesOf(link, 4),
      })),
      status: span.messages(15)[0]?.number(3) ?? 0,
    })),
  );
}

const METRIC_TYPES = { gauge: 5, sum: 7, histogram: 9 } as const;

export function decodeMetrics(body: Buffer): ReceivedMetric[] {
  return scopesOf(body).flatMap(({ service, scope }) =>
    scope.messages(2).flatMap((metric) =>
      (Object.keys(METRIC_TYPES) as (keyof typeof METRIC_TYPES)[]).flatMap((type) =>
        metric.messages(METRIC_TYPES[type]).map((data) => ({
          service,
          name: metric.text(1),
          type,
          points: data.messages(1).map(type === 'histogram' ? histogramPoint : numberPoint),
        })),
      ),
    ),
  );
}

function numberPoint(point: Message) {
  const value = point.has(4) ? point.double(4) : Number(point.fixed64(6));
  return { attributes: attributesOf(point, 7), value, sum: value, bounds: [], bucketCounts: [] };
}

function histogramPoint(point: Message) {
  return {
    attributes: attributesOf(point, 9),
    value: Number(point.fixed64(4)),
    sum: point.double(5),
    bucketCounts: eightBytesEach(point.bytes(6)).map((each) => Number(each.readBigUInt64LE())),
    bounds: eightBytesEach(point.bytes(7)).map((each) => each.readDoubleLE()),
  };
}

/** Of ExportTraceServiceRequest and ExportMetricsServiceRequest, which are alike. */
function scopesOf(body: Buffer): { service: unknown; scope: Message }[] {
  return new Message(body).messages(1).flatMap((one) => {
    const [resource] = one.messages(1);
    const service = resource && attributesOf(resource, 1)['service.name'];
    return one.messages(2).map((scope) => ({ service, scope }));
  });
}

function attributesOf(message: Message, field: number): Attributes {
  return Object.fromEntries(
    message.messages(field).map((pair) => {
      const [value] = pair.messages(2);
      if (!value) return [pair.text(1), ''];
      if (value.has(2)) return [pair.text(1), value.number(2) === 1];
      if (value.has(3)) return [pair.text(1), value.number(3)];
      return [pair.text(1), value.has(4) ? value.double(4) : value.text(1)];
    }),
  );
}

function eightBytesEach(packed: Buffer): Buffer[] {
  return Array.from({ length: packed.length / 8 }, (_, n) => packed.subarray(n * 8, n * 8 + 8));
}

/** The fields of one message: https://protobuf.dev/programming-guides/encoding/ */
class Message {
  readonly #fields: { readonly number: number; readonly value: Buffer }[] = [];

  constructor(bytes: Buffer) {
    for (let at = 0; at < bytes.length; ) {
      const tag = varint(bytes, at);
      const { start, end } = extent(bytes, tag.end, tag.value & 7);
      this.#fields.push({ number: tag.value >> 3, value: bytes.subarray(start, end) });
      at = end;
    }
  }

  has(field: number): boolean {
    return this.#fields.some(({ number }) => number === field);
  }

  messages(field: number): Message[] {
    return this.#fields.filter(({ number }) => number === field).map(({ value }) => new Message(value));
  }

  /** No bytes where it is absent. */
  bytes(field: number): Buffer {
    return this.#fields.find(({ number }) => number === field)?.value ?? Buffer.alloc(0);
  }

  text(field: number): string {
    return this.bytes(field).toString();
  }

  hex(field: number): string {
    return this.bytes(field).toString('hex');
  }

  number(field: number): number {
    return this.has(field) ? varint(this.bytes(field), 0).value : 0;
  }

  fixed64(field: number): bigint {
    return this.bytes(field).readBigUInt64LE();
  }

  double(field: number): number {
    return this.bytes(field).readDoubleLE();
  }
}

function extent(bytes: Buffer, at: number, wireType: number): { start: number; end: number } {
  if (wireType === 0) return { start: at, end: varint(bytes, at).end };
  if (wireType === 1) return { start: at, end: at + 8 };
  if (wireType === 5) return { start: at, end: at + 4 };
  if (wireType !== 2) throw new Error(`No protobuf: wire type ${wireType}`);
  const { value, end } = varint(bytes, at);
  return { start: end, end: end + value };
}

function varint(bytes: Buffer, at: number): { value: number; end: number } {
  let value = 0;
  for (let end = at, factor = 1; ; factor *= 128) {
    const byte = bytes.readUInt8(end++);
    value += (byte & 127) * factor;
    if (byte < 128) return { value, end };
  }
}
