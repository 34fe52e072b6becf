/** Whose turn it is beside what lasts [Y8]. */
import type { Partition } from '../../../lib/engine/partition.js';
import { TurnQueue, type Turnable } from '../../../lib/engine/turn-queue.js';
import { ManualClock, turn } from './support/manual-clock.js';
import { testPartition } from './support/test-partition.js';

describe('TurnQueue', () => {
  let partition: Partition;
  let begun: Turnable[];
  let turns: TurnQueue<Turnable>;

  beforeEach(() => {
    partition = testPartition();
    begun = [];
    turns = new TurnQueue({
      clock: new ManualClock(),
      limit: 10,
      isHeld: () => true,
      mayBeAlone: () => true,
      process: (slot) => {
        begun.push(slot);
        turns.begin(slot);
      },
      failed: (_slot, error) => {
        throw error;
      },
    });
  });

  const newSlot = (): Turnable => ({ partition, scheduled: false, busy: false, hasWork: true });
  async function add(slot: Turnable, how: 'add' | 'addSuspect' = 'add'): Promise<Turnable> {
    turns[how](slot);
    await turn();
    return slot;
  }

  it('[Y8] others have their turns beside a suspect that does not end', async () => {
    const suspect = await add(newSlot(), 'addSuspect');
    const other = await add(newSlot());
    expect(begun).toEqual([suspect]);
    turns.outlast(suspect);
    await turn();
    expect(begun).toEqual([suspect, other]);
    expect(turns.isSuspectAtWork).toBe(false);
  });

  it('[Y8] neither suspects nor others wait for what does not end', async () => {
    const endless = await add(newSlot());
    const suspect = await add(newSlot(), 'addSuspect');
    expect(begun).toEqual([endless]);
    turns.outlast(endless);
    await turn();
    expect(begun).toEqual([endless, suspect]);
    const other = await add(newSlot());
    expect(begun).toEqual([endless, suspect]);
    turns.endSolitude(suspect);
    turns.end(suspect);
    await turn();
    expect(begun).toEqual([endless, suspect, other]);
    turns.end(endless);
    turns.end(other);
    expect(turns.length).toBe(0);
  });
});
