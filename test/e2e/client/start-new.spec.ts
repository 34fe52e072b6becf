import { DurableClient, type DurableOrchestrationStatus, type OnConflict } from 'nestjs-durable';
import { useScenarios, type ScenarioRun } from '../support/harness.js';
import { Subject } from './subject.js';

const scenario = useScenarios({ providers: [Subject] });

const hour = 3_600_000;

describe('startNew', () => {
  scenario('[K1] resolves with the id: the one given, else a new one for each start', async ({ client, id }) => {
    expect(await client.startNew('returns', { instanceId: id('own') })).toBe(id('own'));
    const generated = await Promise.all(Array.from({ length: 20 }, () => client.startNew('returns')));
    expect(new Set(generated).size).toBe(20);
    for (const instanceId of generated) expect(await client.waitForCompletion(instanceId)).toMatchObject({ instanceId, runtimeStatus: 'Completed' });
  });

  scenario('[K1] is durable when it resolves', async ({ client, id }) => {
    const instances = [await client.startNew('waits', { input: 1, instanceId: id('own') }), await client.startNew('waits', { input: 2 })];
    for (const [index, instanceId] of instances.entries()) expect(await client.getStatus(instanceId)).toMatchObject({ name: 'waits', input: index + 1 });
  });

  scenario('[K1] takes input, version and tags', async ({ client }) => {
    const plain = await client.startNew('returns', { input: { list: [1, null] }, tags: { shop: 'Zürich', 'a.b"c': '' } });
    expect(await client.waitForCompletion(plain)).toMatchObject({ input: { list: [1, null] }, output: { list: [1, null] }, tags: { shop: 'Zürich', 'a.b"c': '' } });
    const second = await client.startNew('versioned', { version: '2' });
    expect(await client.waitForCompletion(second)).toMatchObject({ version: '2', output: 'second, as 2' });
    const none = await client.startNew('versioned');
    expect(await client.waitForCompletion(none)).toMatchObject({ version: undefined, output: 'unversioned, as undefined' });
  });

  scenario('[K1] startAt: the instance is Pending until then, and begins not earlier', async ({ client, clock, id, output, get, start }) => {
    const begin = Date.now() + clock.skew + hour;
    await client.startNew('counted', { input: id('date'), instanceId: id('date'), startAt: new Date(begin) });
    await client.startNew('counted', { input: id('number'), instanceId: id('number'), startAt: begin });
    clock.advance(hour - 300_000);
    await output(await start('counted', id('meanwhile')));
    for (const label of ['date', 'number']) expect(await client.getStatus(id(label))).toMatchObject({ runtimeStatus: 'Pending' });
    expect(get(Subject).ran).not.toContain(id('date'));

    clock.advance(300_000);
    expect(await output(id('date'))).toBe(id('date'));
    expect(await output(id('number'))).toBe(id('number'));
    const status = await client.getStatus(id('date'), { showHistory: true });
    expect(status!.history![0]!.timestamp.getTime()).toBeGreaterThanOrEqual(begin);
  });

  scenario('[K1] startAt in the past begins at once', async ({ client, output }) => {
    expect(await output(await client.startNew('returns', { input: 1, startAt: new Date(0) }))).toBe(1);
  });

  scenario('[K1] startAt is kept over a restart', async ({ client, clock, id, output, stop, startAgain }) => {
    await client.startNew('returns', { input: 'late', instanceId: id('a'), startAt: Date.now() + clock.skew + hour });
    await stop();
    clock.advance(hour);
    await startAgain();
    expect(await output(id('a'))).toBe('late');
  });

  scenario('[K1] typed: client.orchestrators(Class).method(input, options)', async ({ client, id }) => {
    const { returns, waits } = client.orchestrators(Subject);
    expect(await returns('typed', { instanceId: id('typed'), tags: { a: 'b' } })).toBe(id('typed'));
    expect(await client.waitForCompletion(id('typed'))).toMatchObject({ name: 'returns', output: 'typed', tags: { a: 'b' } });
    const waiting = await waits();
    await client.raiseEvent(waiting, 'go', 'gone');
    expect((await client.waitForCompletion(waiting)).output).toBe('gone');
    const { second } = client.orchestrators(Subject);
    expect((await client.waitForCompletion(await second(undefined, { version: '2' }))).output).toBe('second, as 2');
  });
});

type Outcome = 'refused' | 'used' | 'replaced';

const MATRIX: Readonly<Record<OnConflict, { readonly live: Outcome; readonly finished: Outcome }>> = {
  replaceFinished: { live: 'refused', finished: 'replaced' },
  useExisting: { live: 'used', finished: 'used' },
  terminateAndReplace: { live: 'replaced', finished: 'replaced' },
  reject: { live: 'refused', finished: 'refused' },
};

type Prepare = (run: ScenarioRun, instanceId: string) => Promise<unknown>;

const LIVE: Readonly<Record<string, Prepare>> = {
  Pending: ({ client, clock }, instanceId) => client.startNew('waits', { instanceId, input: 'old', startAt: Date.now() + clock.skew + hour }),
  Running: async ({ client, until }, instanceId) => {
    await client.startNew('waits', { instanceId, input: 'old' });
    await until(instanceId, ({ runtimeStatus }) => runtimeStatus === 'Running');
  },
  Suspended: async ({ client, until }, instanceId) => {
    await client.startNew('waits', { instanceId, input: 'old' });
    await client.suspend(instanceId);
    await until(instanceId, ({ runtimeStatus }) => runtimeStatus === 'Suspended');
  },
};

const FINISHED: Readonly<Record<string, Prepare>> = {
  Completed: (run, instanceId) => run.run('returns', 'old', { instanceId }),
  Failed: (run, instanceId) => run.run('fails', 'old', { instanceId }),
  Terminated: async ({ client, until }, instanceId) => {
    await client.startNew('waits', { instanceId, input: 'old' });
    await until(instanceId, ({ runtimeStatus }) => runtimeStatus === 'Running');
    await client.terminate(instanceId);
    await client.waitForCompletion(instanceId);
  },
};

const STATES = [
  ...Object.entries(LIVE).map(([state, prepare]) => ({ state, prepare, kind: 'live' as const })),
  ...Object.entries(FINISHED).map(([state, prepare]) => ({ state, prepare, kind: 'finished' as const })),
];

describe('startNew with an id in use', () => {
  for (const onConflict of Object.keys(MATRIX) as OnConflict[]) {
    scenario(`[K1] '${onConflict}': live is ${MATRIX[onConflict].live}, finished is ${MATRIX[onConflict].finished}`, async (run) => {
      for (const { state, prepare, kind } of STATES) {
        const instanceId = run.id(state);
        await prepare(run, instanceId);
        const before = await run.client.getStatus(instanceId, { showHistory: true });
        const again = run.client.startNew('counted', { instanceId, input: `new ${instanceId}`, onConflict });
        await EXPECTATIONS[MATRIX[onConflict][kind]](run, instanceId, again, before!, state);
      }
    });

    scenario(`[K1] '${onConflict}' starts where there is none`, async ({ client, id, output }) => {
      await client.startNew('returns', { instanceId: id('new'), input: 1, onConflict });
      expect(await output(id('new'))).toBe(1);
    });
  }

  scenario("[K1] 'replaceFinished' is the default", async ({ client, id, run, output }) => {
    await client.startNew('waits', { instanceId: id('live') });
    await expect(client.startNew('returns', { instanceId: id('live') })).rejects.toMatchObject({ name: 'InstanceAlreadyExistsError' });
    await run('returns', 'old', { instanceId: id('finished') });
    await client.startNew('returns', { instanceId: id('finished'), input: 'new' });
    expect(await output(id('finished'))).toBe('new');
  });

  scenario('[K1] what was sent to the replaced instance does not reach the new one', async ({ client, id, until, gates, output }) => {
    const instanceId = id('a');
    await client.startNew('waitsForAll', { instanceId, input: instanceId });
    await gates.reached(instanceId);
    await client.raiseEvent(instanceId, 'other', 'for the old one');
    await client.startNew('waits', { instanceId, input: 'new', onConflict: 'terminateAndReplace' });
    await until(instanceId, ({ input }) => input === 'new');
    gates.open(instanceId);
    await client.raiseEvent(instanceId, 'go', 'for the new one');
    expect(await output(instanceId)).toBe('for the new one');
    const { history } = (await client.getStatus(instanceId, { showHistory: true }))!;
    expect(history!.filter(({ eventType }) => eventType === 'EventRaised' || eventType === 'TaskCompleted')).toHaveLength(1);
  });

  scenario("[K1] [K5] 'terminateAndReplace': whoever waits afterwards waits for the new one", async ({ client, id, until }) => {
    for (const label of ['a', 'b', 'c']) {
      await client.startNew('waits', { instanceId: id(label), input: 'old' });
      await until(id(label), ({ runtimeStatus }) => runtimeStatus === 'Running');
      await client.startNew('counted', { instanceId: id(label), input: id(label), onConflict: 'terminateAndReplace' });
      expect(await client.waitForCompletion(id(label))).toMatchObject({ runtimeStatus: 'Completed', output: id(label) });
    }
  });

  scenario("[K1] [K4] 'terminateAndReplace': what is sent afterwards reaches the new one; the old one's work is gone", async (run) => {
    const { client, id, gates, get, output, waitingWork, until } = run;
    await client.startNew('waitsForAll', { instanceId: id('a'), input: id('a') });
    await gates.reached(id('a'));
    await client.startNew('waits', { instanceId: id('a'), input: 'new', onConflict: 'terminateAndReplace' });
    await client.raiseEvent(id('a'), 'go', 'for the new one');
    expect(await output(id('a'))).toBe('for the new one');
    await gates.reached(`${id('a')} aborted`);
    expect(get(Subject).aborted.has(id('a'))).toBe(true);
    expect(await waitingWork(id('a'))).toEqual({ messages: 0, timers: 0, activities: 0 });

    await client.startNew('hasChild', { instanceId: id('b') });
    await until(id('b-child'), ({ runtimeStatus }) => runtimeStatus === 'Running');
    await client.startNew('returns', { instanceId: id('b-child'), input: 'in its place', onConflict: 'terminateAndReplace' });
    expect(await output(id('b-child'))).toBe('in its place');
    const parent = await client.waitForCompletion(id('b'));
    expect(parent).toMatchObject({ runtimeStatus: 'Failed' });
    expect(parent.failureDetails?.errorMessage).toContain('was terminated');
  });

  scenario("[K1] 'useExisting' is atomic: of many starts at once, from two processes, one instance comes", async ({ client, id, startBeside, get, output }) => {
    const beside = (await startBeside({ settings: { worker: false } })).get(DurableClient, { strict: false });
    for (let round = 0; round < 5; round += 1) {
      const instanceId = id(`round ${round}`);
      const starts = [client, beside].flatMap((each) =>
        Array.from({ length: 10 }, () => each.startNew('counted', { instanceId, input: instanceId, onConflict: 'useExisting' })),
      );
      expect(new Set(await Promise.all(starts))).toEqual(new Set([instanceId]));
      await output(instanceId);
      expect(get(Subject).ran.filter((input) => input === instanceId)).toHaveLength(1);
    }
  });

  scenario('[K1] of many starts of one id at once, exactly one succeeds', async ({ client, id, output }) => {
    const starts = Array.from({ length: 20 }, (_, index) => client.startNew('waits', { instanceId: id('a'), input: index }));
    const outcomes = await Promise.allSettled(starts);
    const winners = outcomes.flatMap((outcome, index) => (outcome.status === 'fulfilled' ? [index] : []));
    expect(winners).toHaveLength(1);
    expect((await client.getStatus(id('a')))?.input).toBe(winners[0]);
    await client.raiseEvent(id('a'), 'go', 1);
    expect(await output(id('a'))).toBe(1);
  });
});

type Expectation = (run: ScenarioRun, instanceId: string, again: Promise<string>, before: DurableOrchestrationStatus, state: string) => Promise<void>;

const EXPECTATIONS: Readonly<Record<Outcome, Expectation>> = {
  refused: async ({ client }, instanceId, again, before, state) => {
    await expect(again).rejects.toMatchObject({ name: 'InstanceAlreadyExistsError', instanceId, status: state });
    await expect(again).rejects.toThrow(`Instance '${instanceId}' exists already and is ${state}.`);
    expect(await client.getStatus(instanceId, { showHistory: true })).toEqual(before);
  },
  used: async ({ client }, instanceId, again, before) => {
    expect(await again).toBe(instanceId);
    expect(await client.getStatus(instanceId, { showHistory: true })).toEqual(before);
  },
  replaced: async ({ until, get }, instanceId, again, before) => {
    expect(await again).toBe(instanceId);
    const input = `new ${instanceId}`;
    const status = await until(instanceId, (now) => now.input === input && now.runtimeStatus === 'Completed');
    expect(status).toMatchObject({ name: 'counted', output: input, failureDetails: undefined, customStatus: undefined });
    expect(status.createdTime.getTime()).toBeGreaterThanOrEqual(before.createdTime.getTime());
    expect(status.history!.filter(({ eventType }) => eventType === 'ExecutionStarted')).toEqual([expect.objectContaining({ input })]);
    expect(get(Subject).ran.filter((ran) => ran === input)).toHaveLength(1);
  },
};
