/** How operations come to entities: one at a time, in order, and once [N4]; in batches [N5]. */
import { Injectable } from '@nestjs/common';
import { Entity, EntityId, Orchestrator, TaskEntity, type Orchestration, type OrchestrationContext } from 'nestjs-durable';
import { DataSource } from 'typeorm';
import { createDatabase, DATABASES } from '../../support/databases.js';
import { eventually, useApps } from '../engine/start-app.js';
import { recorded } from '../support/conditions.js';
import { callEntity, EntityCallers } from '../support/entity-callers.js';
import { Gates, useScenarios } from '../support/harness.js';
import { Desk, DESKS, Journal } from './desk.js';

@Injectable()
class Orchestrators {
  /** Signals numbers, and in the end calls: one sender. */
  @Orchestrator()
  *sendsNumbers(ctx: OrchestrationContext, { key, count }: { key: string; count: number }): Orchestration<unknown[]> {
    const desk = ctx.entity(Desk, key);
    for (let number = 0; number < count; number += 1) desk.signal.note(`${ctx.instanceId} ${number}`);
    return yield* desk.read();
  }

  @Orchestrator()
  *callsTogether(ctx: OrchestrationContext, keys: string[]): Orchestration<string[]> {
    return yield* ctx.all(keys.map((key) => ctx.entity(Desk, key).work(key)));
  }
}

const scenario = useScenarios({ providers: [...DESKS, Orchestrators] });

const range = (count: number): number[] => Array.from({ length: count }, (_, number) => number);

describe('one entity', () => {
  scenario('[N4] carries out one operation at a time', async (run) => {
    const { client, gates, id, get, stateBecomes } = run;
    const desk = new EntityId('desk', id('a'));
    const labels = ['1', '2', '3'].map((label) => id(label));
    for (const label of labels) await client.signalEntity(desk, 'work', label);
    await gates.reached(labels[0]!);
    // What was sent has arrived long before this is done.
    await callEntity(run, new EntityId('desk', id('other')), 'note', 'done');
    const begun = get(Journal).lines;
    expect(begun).toEqual([`${labels[0]} begins`]);
    for (const label of labels) gates.open(label);
    await stateBecomes(desk, labels);
    expect(begun).toEqual(labels.flatMap((label) => [`${label} begins`, `${label} ends`]));
    begun.length = 0;
  });

  scenario('[N4] carries out what a client sends in the order sent, each once', async ({ client, id, stateBecomes }) => {
    const desk = new EntityId('desk', id('a'));
    for (const number of range(10)) await client.signalEntity(desk, 'note', number);
    await Promise.all(range(90).map((number) => client.signalEntity(desk, 'note', number + 10)));
    await stateBecomes(desk, range(100));
  });

  scenario('[N4] carries out what each orchestration sends in the order sent, calls and signals alike', async (run) => {
    const { id, start, output } = run;
    const count = 40;
    const callers = await Promise.all(range(5).map((number) => start('sendsNumbers', { key: id('a'), count }, { instanceId: id(`caller ${number}`) })));
    for (const caller of callers) {
      const own = ((await output(caller)) as string[]).filter((note) => note.startsWith(`${caller} `));
      expect(own).toEqual(range(count).map((number) => `${caller} ${number}`));
      // What it read besides is chance: it is not compared.
      await run.client.purgeInstanceHistory(caller);
    }
    expect(await run.state(new EntityId('desk', id('a')))).toHaveLength(5 * count);
    await callEntity(run, new EntityId('desk', id('a')), 'delete');
  });

  scenario('[N4] carries out what waits in batches, each of them one commit', async (run) => {
    const { client, gates, id, stateBecomes } = run;
    const desk = new EntityId('desk', id('a'));
    await client.signalEntity(desk, 'work', id('gate'));
    await gates.reached(id('gate'));
    await Promise.all(range(300).map((number) => client.signalEntity(desk, 'note', number)));
    gates.open(id('gate'));
    await stateBecomes(desk, [id('gate'), ...range(300)]);
    // One, were it not for the time that a batch may take.
    expect((await run.entityRows(desk)).rowVersion).toBeLessThan(60);
  });

  scenario('[N4] with maxEntityOperationBatchSize: 1 each operation is a commit of its own', async (run) => {
    await run.stop();
    await run.startAgain({ settings: { maxEntityOperationBatchSize: 1 } });
    const desk = new EntityId('desk', run.id('a'));
    await Promise.all(range(20).map((number) => run.client.signalEntity(desk, 'note', number)));
    await run.stateBecomes(desk, range(20));
    expect((await run.entityRows(desk)).rowVersion).toBeGreaterThanOrEqual(20);
  });

  scenario('[N5] an operation that fails in the middle of a batch leaves the rest of it unaffected', async (run) => {
    const { client, gates, id, start, output, until, stateBecomes } = run;
    const desk = new EntityId('desk', id('a'));
    await client.signalEntity(desk, 'work', id('gate'));
    await gates.reached(id('gate'));
    await start('callEntities', [[desk, 'note', 1], [desk, 'note', 2]], { instanceId: id('good') });
    await until(id('good'), recorded('EntityOperationCalled'));
    await client.signalEntity(desk, 'refuse', 'signal');
    await start('callEntities', [[desk, 'refuse', 'call']], { instanceId: id('bad') });
    await until(id('bad'), recorded('EntityOperationCalled'));
    await client.signalEntity(desk, 'note', 3);
    gates.open(id('gate'));
    expect(await output(id('good'))).toEqual([[id('gate'), 1], [id('gate'), 1, 3, 2]]);
    expect(await output(id('bad'))).toMatchObject([{ failed: { errorType: 'RangeError', errorMessage: 'no call here' } }]);
    await stateBecomes(desk, [id('gate'), 1, 3, 2]);
  });

  scenario('[N4] a stop waits for the operation that runs; what waits is carried out after the next start, each once', async (run) => {
    const { client, gates, id, stop, startAgain, stateBecomes } = run;
    const desk = new EntityId('desk', id('a'));
    await client.signalEntity(desk, 'work', id('gate'));
    await gates.reached(id('gate'));
    for (const number of range(5)) await client.signalEntity(desk, 'note', number);
    const stopped = stop();
    gates.open(id('gate'));
    await stopped;
    await startAgain();
    await stateBecomes(desk, [id('gate'), ...range(5)]);
    expect(await callEntity(run, desk, 'note', 'last')).toEqual([id('gate'), ...range(5), 'last']);
  });
});

describe('several entities', () => {
  scenario('[N4] work at the same time', async ({ gates, id, start, output }) => {
    const keys = range(20).map((number) => id(`desk ${number}`));
    await start('callsTogether', keys, { instanceId: id('a') });
    for (const key of keys) await gates.reached(key);
    for (const key of keys) gates.open(key);
    expect(await output(id('a'))).toEqual(keys);
  });

  scenario('[N4] no more than maxConcurrentEntityFunctions at the same time; the others have their turn', async (run) => {
    await run.stop();
    await run.startAgain({ settings: { maxConcurrentEntityFunctions: 2 } });
    const { id, client, gates } = run;
    const { lines } = run.get(Journal);
    const keys = range(6).map((number) => id(`desk ${number}`));
    for (const key of keys) await client.signalEntity(new EntityId('desk', key), 'work', key);
    await run.eventually(() => lines.length === 2);
    // Orchestrations go on meanwhile.
    await run.run('signalEntities', []);
    expect(lines).toHaveLength(2);
    for (const key of keys) gates.open(key);
    for (const key of keys) await run.stateBecomes(new EntityId('desk', key), [key]);
    let running = 0;
    for (const line of lines) {
      running += line.endsWith('begins') ? 1 : -1;
      expect(running).toBeLessThanOrEqual(2);
    }
  });

  scenario('[N4] a slow one does not hold up another of its partition, nor orchestrations', async (run) => {
    const { client, gates, id, stateBecomes } = run;
    const slow = new EntityId('desk', id('slow'));
    await client.signalEntity(slow, 'work', id('gate'));
    await gates.reached(id('gate'));
    // More than there are partitions.
    const others = range(40).map((number) => new EntityId('desk', id(`quick ${number}`)));
    await Promise.all(others.map((other, number) => client.signalEntity(other, 'note', number)));
    for (const [number, other] of others.entries()) await stateBecomes(other, [number]);
    expect(await callEntity(run, others[0]!, 'note', 'called')).toEqual([0, 'called']);
    gates.open(id('gate'));
    await stateBecomes(slow, [id('gate')]);
  });
});

describe.each(DATABASES)('an operation whose worker loses its partitions, on %s', (kind) => {
  const startApp = useApps();

  /** Its first run goes on, in vain, after the second one. */
  @Entity()
  class Vault extends TaskEntity<number> {
    static runs = 0;

    constructor(private readonly gates: Gates) {
      super();
    }

    override initializeState(): number {
      return 0;
    }

    async add(amount: number): Promise<void> {
      const number = (Vault.runs += 1);
      this.context.signal.addEventListener('abort', () => void this.gates.pass(`aborted ${number}`));
      await this.gates.pass(`run ${number}`);
      this.state += amount;
      await this.gates.pass(`end of ${number}`);
    }

    ask(): number {
      return this.state;
    }
  }

  it('[N4] has its signal aborted, runs again, and has its effect on the state once', async () => {
    const { storage } = await createDatabase(kind);
    const gates = new Gates();
    Vault.runs = 0;
    const { client } = await startApp({ storage }, { providers: [Vault, EntityCallers], gates });
    const vault = new EntityId('vault', 'a');
    await client.signalEntity(vault, 'add', 5);
    await gates.reached('run 1');
    // What somebody does who takes them over and leaves them again.
    const beside = await new DataSource(storage).initialize();
    await beside.query('UPDATE durable_partitions SET owner = NULL, epoch = epoch + 1');
    await beside.destroy();
    await gates.reached('aborted 1');
    await gates.reached('run 2');
    gates.open('run 2');
    gates.open('end of 2');
    await eventually(async () => (await client.readEntityState(vault)).entityState === 5);
    gates.open('run 1');
    await gates.reached('end of 1');
    gates.open('end of 1');
    const asked = await client.startNew('callEntities', { input: [[vault, 'ask']] });
    expect(await client.waitForCompletion(asked)).toMatchObject({ output: [5] });
    expect(Vault.runs).toBe(2);
  });
});
