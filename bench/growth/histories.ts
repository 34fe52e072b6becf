/** What a step costs an orchestration that has a history behind it: in memory, and when it is replayed first. */
import { setTimeout as delay } from 'node:timers/promises';
import { startApplication, type BenchApplication } from '../application/application.js';
import { Reminder } from '../application/reminder.js';
import type { Bench } from '../bench.js';
import type { Figures, Sample } from '../figures.js';
import { medianOf } from '../statistics.js';

/** Steps that are measured, each with some eight events more; the first ones warm up. */
const STEPS = 25;
const WARM_UP = 5;
/** An activity in sequence, its result and its episode's begin and end. */
const EVENTS_PER_STEP = 4;
/** Pause between two looks whether a step is over, ms. */
const LOOK = 1;

export async function measureHistories(bench: Bench): Promise<Figures> {
  const [short, long, longer] = [await measureBehind(bench, 10), await measureBehind(bench, 1_000), await measureBehind(bench, 10_000)];
  return {
    history10Warm: short.warm, history10Cold: short.cold,
    history1000Warm: long.warm, history1000Cold: long.cold,
    history10000Warm: longer.warm, history10000Cold: longer.cold,
  };
}

async function measureBehind({ database, progress }: Bench, events: number): Promise<{ readonly warm: Sample; readonly cold: Sample }> {
  progress(`a history of ${events} events`);
  const storage = await database.createStorage();
  const warmApp = await startApplication(storage);
  let instanceId: string;
  let warm: Sample;
  try {
    const steps = Math.floor(events / EVENTS_PER_STEP);
    instanceId = await warmApp.client.orchestrators(Reminder).remind(steps);
    await untilEpisodes(warmApp, steps + 1);
    warm = await measureSteps(warmApp, instanceId);
  } finally {
    await warmApp.close();
  }
  // Without extended sessions each turn reads the history and replays it.
  const coldApp = await startApplication(storage, { extendedSessionsEnabled: false });
  try {
    return { warm, cold: await measureSteps(coldApp, instanceId) };
  } finally {
    await coldApp.close();
  }
}

/** From an event to the activity that its step calls, ms: the event's insertion, a turn, a checkpoint. */
async function measureSteps(app: BenchApplication, instanceId: string): Promise<Sample> {
  const times: number[] = [];
  for (let step = 0; step < STEPS; step += 1) {
    const before = episodesOf(app);
    const rung = app.bell.next();
    const begin = performance.now();
    await app.client.raiseEvent(instanceId, 'next');
    await rung;
    times.push(performance.now() - begin);
    // The activity's result is an episode too: the next step does not wait for it.
    await untilEpisodes(app, before + 2);
  }
  return { value: medianOf(times.slice(WARM_UP)) };
}

async function untilEpisodes(app: BenchApplication, count: number): Promise<void> {
  while (episodesOf(app) < count) await delay(LOOK);
}

const episodesOf = (app: BenchApplication): number => app.client.getMetrics().instances.episodes;
