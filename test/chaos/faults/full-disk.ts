import { setTimeout as delay } from 'node:timers/promises';
import type { SmallDisk } from '../../../scripts/small-disk.js';
import type { Fault } from './fault.js';

/** How long the disk is full, ms. */
const FULL = { least: 1_500, most: 6_000 };

export function fullDisk(disk: SmallDisk): Fault {
  return {
    name: 'disk full',
    strike: async (random) => {
      disk.fill();
      await delay(random.between(FULL.least, FULL.most));
      disk.free();
      return 1;
    },
  };
}
