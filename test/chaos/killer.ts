/** Kills workers at random moments while work is under way. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Fleet } from './fleet.js';
import type { Observer } from './observer.js';
import type { Random } from './random.js';

/** Time between a moment at which a worker works and the kill, ms. */
export interface Pause {
  readonly least: number;
  readonly most: number;
}

const USUAL: Pause = { least: 20, most: 400 };
/** How often all workers die at once, and how often one that has not begun to work. */
const ALL = 0.15;
const STARTING = 0.15;

export interface Kills {
  /** Of workers that were working while instances were unfinished. */
  working: number;
  /** Of workers that were starting, or had not yet taken anything up. */
  idle: number;
}

/** Resolves after `count` kills of working workers. */
export async function killAtRandom(fleet: Fleet, observer: Observer, random: Random, count: number, { least, most }: Pause = USUAL): Promise<Kills> {
  const kills: Kills = { working: 0, idle: 0 };
  while (kills.working < count) {
    await fleet.whenWorking();
    await delay(random.between(least, most));
    const unfinished = await observer.look();
    const victims = chooseVictims(fleet, random);
    for (const { state } of victims) {
      if (state === 'working' && unfinished > 0) kills.working += 1;
      else kills.idle += 1;
    }
    await Promise.all(victims.map((victim) => victim.kill()));
  }
  return kills;
}

function chooseVictims(fleet: Fleet, random: Random) {
  if (random.chance(ALL)) return [...fleet.workers];
  const idle = fleet.workers.filter(({ state }) => state !== 'working');
  if (idle.length > 0 && random.chance(STARTING)) return [random.pick(idle)];
  return [random.pick(fleet.working)];
}
