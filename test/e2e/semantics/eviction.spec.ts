import { Injectable } from '@nestjs/common';
import { Orchestrator, type Orchestration, type OrchestrationContext } from 'nestjs-durable';
import { DataSource } from 'typeorm';
import { createDatabase, DATABASES } from '../../support/databases.js';
import { eventually, useApps } from '../engine/start-app.js';
import { LOG_LINES } from '../support/log-lines.js';
import { recorded } from '../support/conditions.js';
import { Echo } from '../support/echo.js';
import { useScenarios, type ScenarioRun } from '../support/harness.js';

const CACHED = 2;

/** Where the code of instances came by; outlives restarts of the applications. */
let steps: string[] = [];
const count = (instance: string, point: string): number => steps.filter((step) => step === `${instance} ${point}`).length;

@Injectable()
class Subject {
  @Orchestrator()
  *guards(ctx: OrchestrationContext): Orchestration<string> {
    const pass = (point: string): void => void steps.push(`${ctx.instanceId} ${point}`);
    pass('begin');
    try {
      yield* ctx.callActivity('echo', 1);
      yield* ctx.waitForExternalEvent('go');
    } finally {
      pass('finally');
    }
    return ctx.instanceId;
  }
}

const scenario = useScenarios({ providers: [Subject, Echo], settings: { maxCachedInstances: CACHED } });

async function startWaiting(run: ScenarioRun, labels: readonly string[]): Promise<string[]> {
  steps = [];
  const instances = await Promise.all(labels.map((label) => run.start('guards', undefined, { instanceId: run.id(label) })));
  for (const instance of instances) await run.until(instance, recorded('TaskCompleted'));
  return instances;
}

describe('a generator that is dropped from memory', () => {
  scenario('[Y7] by eviction: finally blocks do not run, and the instance goes on from its history', async (run) => {
    const instances = await startWaiting(run, ['a', 'b', 'c', 'd', 'e', 'f']);
    expect(steps.filter((step) => step.endsWith('finally'))).toEqual([]);
    for (const instance of instances) await run.client.raiseEvent(instance, 'go');
    for (const instance of instances) expect(await run.output(instance)).toBe(instance);
    for (const instance of instances) expect(count(instance, 'finally')).toBe(1);
    const replayed = instances.filter((instance) => count(instance, 'begin') > 1);
    expect(replayed.length).toBeGreaterThanOrEqual(instances.length - CACHED);
  });

  scenario('[Y7] by a stop of its process', async (run) => {
    const [instance] = await startWaiting(run, ['moved']);
    await run.stop();
    await run.startAgain();
    expect(count(instance!, 'finally')).toBe(0);
    await run.client.raiseEvent(instance!, 'go');
    expect(await run.output(instance!)).toBe(instance);
    expect(count(instance!, 'finally')).toBe(1);
    expect(count(instance!, 'begin')).toBeGreaterThanOrEqual(2);
  });

  scenario('[Y7] by the hand-over of its partition to another live worker', async (run) => {
    if (run.database === 'sqlite') return; // One worker at a time: nobody to hand over to.
    const settings = { maxCachedInstances: 1_000, leaseDuration: 3_000 };
    await run.stop();
    await run.startAgain({ settings });
    const instances = await startWaiting(run, Array.from({ length: 20 }, (_, index) => `shared-${index}`));
    const before = run.logged('partitions taken').length;
    await run.startBeside({ settings });
    await run.eventually(() => run.logged('partitions taken').length > before);
    expect(steps.filter((step) => step.endsWith('finally'))).toEqual([]);
    for (const instance of instances) await run.client.raiseEvent(instance, 'go');
    for (const instance of instances) expect(await run.output(instance)).toBe(instance);
    for (const instance of instances) expect(count(instance, 'finally')).toBe(1);
    expect(instances.filter((instance) => count(instance, 'begin') > 1)).not.toEqual([]);
  });

  scenario('[Y7] by terminate', async (run) => {
    const [instance] = await startWaiting(run, ['terminated']);
    await run.client.terminate(instance!, 'enough');
    expect(await run.ended(instance!)).toMatchObject({ runtimeStatus: 'Terminated' });
    expect(count(instance!, 'finally')).toBe(0);
  });
});

describe.each(DATABASES)('a generator whose worker loses its partitions, on %s', (kind) => {
  const startApp = useApps();

  it('[Y7] is dropped without its finally blocks, and the instance goes on from its history', async () => {
    const { storage } = await createDatabase(kind);
    const { client } = await startApp({ storage }, { providers: [Subject, Echo] });
    steps = [];
    const instances = Array.from({ length: 8 }, (_, index) => `instance ${index}`);
    for (const instanceId of instances) await client.startNew('guards', { instanceId });
    for (const id of instances) await eventually(async () => recorded('TaskCompleted')((await client.getStatus(id, { showHistory: true }))!));
    LOG_LINES.clear();
    // What somebody does who takes them over and leaves them again.
    const beside = await new DataSource(storage).initialize();
    await beside.query('UPDATE durable_partitions SET owner = NULL, epoch = epoch + 1');
    await beside.destroy();
    await eventually(() => LOG_LINES.about('partitions taken').length > 0);
    expect(steps.filter((step) => step.endsWith('finally'))).toEqual([]);
    for (const id of instances) await client.raiseEvent(id, 'go');
    for (const id of instances) expect((await client.waitForCompletion(id)).output).toBe(id);
    for (const id of instances) expect([count(id, 'begin'), count(id, 'finally')]).toEqual([2, 1]);
  });
});
