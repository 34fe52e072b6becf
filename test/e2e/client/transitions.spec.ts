/** Every call in every status of an instance [K6], and calls that meet each other on the way to its owner. */
import type { DurableClient, DurableOrchestrationStatus, RuntimeStatus } from 'nestjs-durable';
import { useScenarios } from '../support/harness.js';
import { BRING, FINISHED, UNFINISHED } from './states.js';
import { Subject } from './subject.js';

const scenario = useScenarios({ providers: [Subject] });

type Call = (client: DurableClient, instanceId: string) => Promise<unknown>;

interface Transition {
  readonly call: Call;
  readonly allowed: readonly RuntimeStatus[];
  /** What has become of an instance that was `before`, once the call has done its work; `null`: it is gone. */
  readonly isDone: (now: DurableOrchestrationStatus | null, before: DurableOrchestrationStatus) => boolean;
}

const has = (eventType: string, now: DurableOrchestrationStatus | null): boolean => !!now?.history?.some((event) => event.eventType === eventType);

const CALLS: Readonly<Record<string, Transition>> = {
  raiseEvent: {
    call: (client, instanceId) => client.raiseEvent(instanceId, 'x'), allowed: UNFINISHED,
    isDone: (now, before) => has('EventRaised', now) && now!.runtimeStatus === before.runtimeStatus,
  },
  terminate: { call: (client, instanceId) => client.terminate(instanceId, 'x'), allowed: UNFINISHED, isDone: (now) => now?.runtimeStatus === 'Terminated' },
  suspend: { call: (client, instanceId) => client.suspend(instanceId, 'x'), allowed: ['Pending', 'Running'], isDone: (now) => now?.runtimeStatus === 'Suspended' },
  resume: { call: (client, instanceId) => client.resume(instanceId, 'x'), allowed: ['Suspended'], isDone: (now) => now?.runtimeStatus === 'Running' },
  rewind: {
    call: (client, instanceId) => client.rewind(instanceId, 'x'), allowed: ['Failed'],
    isDone: (now) => has('ExecutionRewound', now) && now!.runtimeStatus === 'Failed',
  },
  restart: {
    call: (client, instanceId) => client.restart(instanceId, { newInstanceId: false }), allowed: FINISHED,
    isDone: (now, before) =>
      now!.createdTime > before.createdTime && now!.runtimeStatus === (before.runtimeStatus === 'Terminated' ? 'Running' : before.runtimeStatus),
  },
  purgeInstanceHistory: { call: (client, instanceId) => client.purgeInstanceHistory(instanceId), allowed: FINISHED, isDone: (now) => now === null },
};

const orList = (statuses: readonly string[]): string => statuses.join(', ').replace(/, (\w+)$/, ' or $1');

for (const [name, { call, allowed, isDone }] of Object.entries(CALLS)) {
  scenario(`[K6] ${name} needs ${orList(allowed)}; otherwise an error names the state`, async (run) => {
    for (const [state, bring] of Object.entries(BRING)) {
      const instanceId = run.id(state);
      await bring(run, instanceId);
      const status = state as RuntimeStatus;
      const before = await run.client.getStatus(instanceId, { showHistory: true });
      if (allowed.includes(status)) {
        run.clock.advance(1);
        await call(run.client, instanceId);
        await run.eventually(async () => isDone(await run.client.getStatus(instanceId, { showHistory: true }), before!));
        continue;
      }
      const refused = call(run.client, instanceId);
      const isTooLate = FINISHED.includes(status) && !allowed.some((each) => FINISHED.includes(each));
      await expect(refused).rejects.toMatchObject({
        name: isTooLate ? 'InstanceNotRunningError' : 'InvalidInstanceStateError', instanceId, status,
        message: `${name} is not possible: instance '${instanceId}' is ${state}. It is possible while an instance is ${orList(allowed)}.`,
      });
      expect(await run.client.getStatus(instanceId, { showHistory: true })).toEqual(before);
    }
  });
}

scenario('[K4] of an instance that does not exist, purging deletes none, and every other call fails', async ({ client, id }) => {
  for (const [name, { call }] of Object.entries(CALLS)) {
    const called = call(client, id('missing'));
    if (name === 'purgeInstanceHistory') expect(await called).toEqual({ instancesDeleted: 0 });
    else await expect(called).rejects.toMatchObject({ name: 'InstanceNotFoundError', instanceId: id('missing') });
  }
});

/** Calls that are all allowed when they are made, and how the instance is after them. `go` is the event that completes it. */
const MEETINGS: readonly (readonly [from: RuntimeStatus, calls: readonly string[], to: RuntimeStatus])[] = [
  ['Pending', ['suspend', 'suspend'], 'Suspended'],
  ['Pending', ['suspend', 'terminate'], 'Terminated'],
  ['Pending', ['terminate', 'terminate'], 'Terminated'],
  ['Pending', ['terminate', 'suspend'], 'Terminated'],
  ['Running', ['suspend', 'suspend'], 'Suspended'],
  ['Running', ['suspend', 'go'], 'Suspended'],
  ['Running', ['suspend', 'terminate'], 'Terminated'],
  ['Running', ['terminate', 'suspend'], 'Terminated'],
  ['Running', ['terminate', 'terminate'], 'Terminated'],
  ['Running', ['terminate', 'go'], 'Terminated'],
  ['Running', ['go', 'suspend'], 'Completed'],
  ['Running', ['go', 'terminate'], 'Completed'],
  ['Suspended', ['resume', 'resume'], 'Running'],
  ['Suspended', ['resume', 'go'], 'Completed'],
  ['Suspended', ['go', 'resume'], 'Completed'],
  ['Suspended', ['go', 'terminate'], 'Terminated'],
  ['Suspended', ['resume', 'terminate'], 'Terminated'],
  ['Suspended', ['terminate', 'resume'], 'Terminated'],
];

const MEETING_CALLS: Readonly<Record<string, (client: DurableClient, instanceId: string, which: number) => Promise<void>>> = {
  suspend: (client, instanceId) => client.suspend(instanceId),
  resume: (client, instanceId) => client.resume(instanceId),
  terminate: (client, instanceId, which) => client.terminate(instanceId, `call ${which}`),
  go: (client, instanceId) => client.raiseEvent(instanceId, 'go', 'came'),
};

scenario('[K6] of calls that meet each other, each was allowed when it was made, and the first to arrive counts', async (run) => {
  const { client, id, until, output } = run;
  for (const [from, calls, to] of MEETINGS) {
    const instanceId = id(`${from} ${calls.join(' ')}`);
    await BRING[from]!(run, instanceId);
    await Promise.all(calls.map((call, which) => MEETING_CALLS[call]!(client, instanceId, which)));
    const status = await until(instanceId, ({ runtimeStatus }) => runtimeStatus === to);
    if (to === 'Completed') expect(status.output).toBe('came');
    if (to === 'Terminated') expect(status.output).toBe(`call ${calls.indexOf('terminate')}`);
    // It still goes on from here as ever.
    if (to === 'Suspended' && from === 'Running') {
      await client.resume(instanceId);
      if (!calls.includes('go')) await client.raiseEvent(instanceId, 'go', 'came');
    } else if (to === 'Running') await client.raiseEvent(instanceId, 'go', 'came');
    else continue;
    expect(await output(instanceId)).toBe('came');
  }
});

scenario('[K6] of two restarts with the same id one takes its place, the other one is told what is there', async ({ client, id, run, until }) => {
  await client.startNew('waits', { instanceId: id('a') });
  await until(id('a'), ({ runtimeStatus }) => runtimeStatus === 'Running');
  await client.terminate(id('a'));
  await client.waitForCompletion(id('a'));
  const outcomes = await Promise.allSettled([1, 2].map(() => client.restart(id('a'), { newInstanceId: false })));
  expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  const [refused] = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason as unknown] : []));
  expect(refused).toMatchObject({ name: 'InvalidInstanceStateError', instanceId: id('a') });
  await run('returns', 1);
});

scenario('[K6] of two purges of one instance one deletes it', async ({ client, id, run }) => {
  await run('returns', 1, { instanceId: id('a') });
  const results = await Promise.all([1, 2, 3].map(() => client.purgeInstanceHistory(id('a'))));
  expect(results.map(({ instancesDeleted }) => instancesDeleted).toSorted((a, b) => a - b)).toEqual([0, 0, 1]);
});
