// Loaded by --import ahead of a process: its wall clock is off by CLOCK_OFFSET_MS. Timers and performance.now() are not.

const offsetMs = Number(process.env['CLOCK_OFFSET_MS']);
const RealDate = Date;

class SkewedDate extends RealDate {
  constructor(...given: [] | [number | string]) {
    super(given.length === 0 ? SkewedDate.now() : given[0]);
  }

  static override now(): number {
    return RealDate.now() + offsetMs;
  }
}

globalThis.Date = SkewedDate as DateConstructor;
