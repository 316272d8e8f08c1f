import { setTimeout as sleep } from 'node:timers/promises';
import type { FaultProxy, Way } from '../fault-proxy.ts';
import type { Choice, FaultKind } from './fault.ts';

/** Where so many networks are, whatever is between them. */
interface Networked {
  readonly rig: { readonly proxies: readonly FaultProxy[] };
}
type NetworkFault = FaultKind<Networked>;

/** Of a rig with so many networks. */
export function networkFaults(count: number) {
  return {
    networkCut: network('cut', 5, [0, 0], (proxy) => proxy.cut()),
    networkCutInAFrame: network('cut in the middle of a frame', 4, [2_000, 4_000], (proxy, dice) =>
      proxy.cutAfter(1 + Math.floor(dice * 20_000), wayOf(dice)),
    ),
    networkHalfOpen: network('half open', 3, [3_000, 14_000], (proxy) =>
      proxy.silence(['toServer', 'toClient']),
    ),
    networkOneWay: network('half open, one way', 2, [3_000, 14_000], (proxy, dice) =>
      proxy.silence([wayOf(dice)]),
    ),
    networkHeld: network('everything held back', 3, [500, 8_000], (proxy) => proxy.hold()),
    networkDelay: network('delay', 2, [1_000, 6_000], (proxy, dice) => proxy.delay(20 + dice * 200)),
    networkThrottle: network('throttled', 2, [1_000, 6_000], (proxy, dice) =>
      proxy.throttle(5_000 + dice * 100_000),
    ),
  } satisfies Record<string, NetworkFault>;

  /** A fault of one network; it has bitten if anybody was connected over it, and something was under way. */
  function network(
    label: string,
    weight: number,
    durationMs: readonly [number, number],
    spoil: (proxy: FaultProxy, dice: number) => void,
  ): NetworkFault {
    return {
      label: `network: ${label}`,
      weight,
      durationMs,
      victim: (choice) => `network ${networkOf(choice)}`,
      excusesRepeats: true,
      async run({ rig }, choice) {
        const proxy = rig.proxies[networkOf(choice)] as FaultProxy;
        const before = proxy.passed;
        await sleep(200);
        const bit = proxy.passed > before;
        spoil(proxy, (choice.dice * count) % 1);
        await sleep(choice.durationMs);
        proxy.heal();
        return { bit };
      },
    };
  }

  function networkOf({ dice }: Choice): number {
    return Math.floor(dice * count);
  }

  function wayOf(dice: number): Way {
    return (dice * 64) % 1 < 0.5 ? 'toServer' : 'toClient';
  }
}
