import type { LocalServiceBus } from '../../dev/service-bus/service-bus.ts';

/** From now on the broker takes so many transfers, and leaves all after them without an answer. */
export function hangAfter({ faults }: LocalServiceBus, transfers: number): void {
  const spent = faults.inject({ kind: 'latency', delayMs: 0, times: transfers });
  const { onChange } = faults;
  faults.onChange = () => {
    onChange();
    if (faults.list().includes(spent)) return;
    faults.onChange = onChange;
    faults.inject({ kind: 'hang' });
  };
}
