import { setTimeout as delay } from 'node:timers/promises';
import type { SmallDisk } from '../../../scripts/small-disk.js';
import type { Fault } from './fault.js';

/** How long the disk is full, ms. */
const FULL = { least: 1_500, most: 6_000 };

/** @param after makes good what is more than a disk that is free again */
export function fullDisk(disk: SmallDisk, after: () => Promise<void> = async () => {}): Fault {
  return {
    name: 'disk full',
    strike: async (random) => {
      disk.fill();
      await delay(random.between(FULL.least, FULL.most));
      disk.free();
      await after();
      return 1;
    },
  };
}
