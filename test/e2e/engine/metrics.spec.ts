/** `getMetrics()` after a workload that is known: what it counts adds up. */
import { Injectable } from '@nestjs/common';
import { Activity, Entity, Orchestrator, TaskEntity, type Orchestration, type OrchestrationContext } from 'nestjs-durable';
import { DataSource } from 'typeorm';
import { createDatabase, DATABASES } from '../../support/databases.js';
import { Gates } from '../support/harness.js';
import { eventually, useApps } from './start-app.js';

@Entity()
class Tally extends TaskEntity<number> {
  override initializeState(): number {
    return 0;
  }

  add(amount: number): number {
    return (this.state += amount);
  }
}

@Injectable()
class Work {
  private failures = 0;

  constructor(private readonly gates: Gates) {}

  @Activity()
  double(value: number): number {
    return value * 2;
  }

  @Activity()
  failsOnce(): string {
    if ((this.failures += 1) === 1) throw new Error('once');
    return 'done';
  }

  @Activity()
  held(gate: string): Promise<void> {
    return this.gates.pass(gate);
  }

  /** Two activities, three episodes. */
  @Orchestrator()
  *doubles(ctx: OrchestrationContext, value: number): Orchestration<unknown> {
    return yield* ctx.callActivity('double', yield* ctx.callActivity('double', value));
  }

  @Orchestrator()
  *retries(ctx: OrchestrationContext): Orchestration<unknown> {
    return yield* ctx.callActivity('failsOnce', undefined, { retry: { maxNumberOfAttempts: 2, firstRetryInterval: 1 } });
  }

  @Orchestrator()
  *tallies(ctx: OrchestrationContext, times: number): Orchestration<void> {
    for (let index = 0; index < times; index += 1) yield* ctx.entity(Tally, 'a').add(1);
  }

  @Orchestrator()
  *holds(ctx: OrchestrationContext): Orchestration<void> {
    yield* ctx.callActivity('held', 'gate');
  }
}

describe.each(DATABASES)('metrics on %s', (kind) => {
  const startApp = useApps();
  const providers = [Work, Tally];

  it('add up after a known workload, and are plain numbers', async () => {
    const { storage } = await createDatabase(kind);
    const gates = new Gates();
    const { client } = await startApp({ storage }, { providers, gates });
    await eventually(() => client.getMetrics().partitions.owned === 16);
    expect(client.getMetrics()).toMatchObject({ partitions: { total: 16, taken: 16, takenOver: 0, lost: 0, fenced: 0 }, instances: { episodes: 0 }, activities: { started: 0 } });

    const finish = async (name: string, input?: unknown) => client.waitForCompletion(await client.startNew(name, { input, instanceId: `${name} ${String(input)}` }));
    for (let value = 0; value < 5; value += 1) await finish('doubles', value);
    await finish('retries');
    await finish('tallies', 3);
    const holding = await client.startNew('holds');
    await gates.reached('gate');
    const now = client.getMetrics();
    expect(now.activities).toEqual({ running: 1, waiting: 0, started: 13, completed: 11, failed: 1, returned: 0, aborted: 0 });
    // doubles: 3 each; retries: the start, the failure, the retry's timer, the result; tallies: the start and 3 answers; holds: the start.
    expect(now.instances).toMatchObject({ active: 0, cached: 1, episodes: 5 * 3 + 4 + 4 + 1, cacheMisses: 0, replayedEvents: 0, parked: 0, suspects: 0 });
    expect(now.entities).toEqual({ cached: 1, operations: 3, steps: 3 });
    expect(now.client).toEqual({ commits: 7, operations: 7 });
    expect(now.inbox).toMatchObject({ messages: 0, oldestAge: 0, timers: 0 });
    expect(now.commits).toMatchObject({ retried: 0, fenced: 0, stale: 0, refused: 0, unknownOutcome: 0 });
    expect(now.commits.checkpoints).toBe(now.commits.members.sum);
    expect(now.commits.count).toBe(now.commits.latency.count);
    expect(now.commits.checkpoints).toBeGreaterThanOrEqual(now.instances.episodes + now.entities.steps);
    expect(now.commits.bytes.sum).toBeGreaterThan(500 * now.commits.checkpoints);
    expect(now.commits.latency.max).toBeGreaterThanOrEqual(now.commits.latency.p50);
    expect(JSON.parse(JSON.stringify(now))).toEqual(now);

    await client.terminate(holding);
    await client.waitForCompletion(holding);
    await eventually(() => client.getMetrics().activities.aborted === 1);
    gates.open('gate');
    await eventually(() => client.getMetrics().activities.running === 0);
  });

  it('count replays where nothing stays in memory, and what waits in it', async () => {
    const { storage } = await createDatabase(kind);
    const { client } = await startApp({ storage, extendedSessionsEnabled: false }, { providers });
    await client.waitForCompletion(await client.startNew('doubles', { input: 1, instanceId: 'a' }));
    const { instances } = client.getMetrics();
    expect(instances).toMatchObject({ cached: 0, episodes: 3, cacheHits: 0, cacheMisses: 2 });
    expect(instances.replayedEvents).toBeGreaterThan(4);
  });
});

describe('metrics of processes that share a hub', () => {
  const startApp = useApps();

  it('tell partitions that were given back from those that were lost', async () => {
    const { storage } = await createDatabase('mysql');
    const { client } = await startApp({ storage }, { providers: [Work, Tally] });
    await eventually(() => client.getMetrics().partitions.owned === 16);
    const { client: second } = await startApp({ storage }, { providers: [Work, Tally] });
    await eventually(() => client.getMetrics().partitions.owned === 8 && second.getMetrics().partitions.owned === 8);
    expect([client, second].map((each) => each.getMetrics().partitions)).toEqual([
      { total: 16, owned: 8, taken: 16, takenOver: 0, lost: 0, fenced: 0 },
      { total: 16, owned: 8, taken: 8, takenOver: 0, lost: 0, fenced: 0 },
    ]);
    // The database has it that somebody else owns them.
    const source = await new DataSource(storage).initialize();
    await source.query("UPDATE durable_partitions SET owner = 'nobody', epoch = epoch + 1, lease_expires_at = 0");
    await source.destroy();
    await eventually(() => [client, second].every((each) => each.getMetrics().partitions.lost === 8 && each.getMetrics().partitions.owned === 8));
    expect([client, second].map((each) => each.getMetrics().partitions.takenOver)).toEqual([8, 8]);
  });
});
