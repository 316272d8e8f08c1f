import { networkFaults } from '../../faults/network-faults.ts';
import { NETWORKS } from '../saga-rig.ts';
import { inboxFaults } from './inbox-faults.ts';
import { messageFaults } from './message-faults.ts';
import type { SagaFault } from './saga-stage.ts';
import { storeFaults } from './store-faults.ts';

/** What can happen to the saga. */
export const sagaFaults: Readonly<Record<string, SagaFault>> = {
  ...inboxFaults,
  ...storeFaults,
  ...messageFaults,
  ...networkFaults(NETWORKS),
};
