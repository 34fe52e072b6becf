import { Injectable } from '@nestjs/common';
import { Activity, Orchestrator, TaskFailedError, type FailureDetails, type Orchestration, type OrchestrationContext } from 'nestjs-durable';
import { useScenarios } from '../support/harness.js';

class Declined extends Error {
  readonly card = '4000';
}

interface CatchInput {
  readonly name: string;
  readonly instanceId?: string;
  readonly input?: unknown;
}

@Injectable()
class Subject {
  @Activity()
  decline(): void {
    throw new Declined('the card was declined');
  }

  @Orchestrator()
  *child(ctx: OrchestrationContext, input: unknown): Orchestration<unknown> {
    return { instanceId: ctx.instanceId, input };
  }

  @Orchestrator()
  *waitingChild(ctx: OrchestrationContext): Orchestration<unknown> {
    return yield* ctx.waitForExternalEvent('end');
  }

  @Orchestrator()
  *failingChild(ctx: OrchestrationContext): Orchestration<void> {
    yield* ctx.callActivity('decline');
  }

  @Orchestrator()
  *countingChild(ctx: OrchestrationContext, left: number): Orchestration<string | void> {
    if (left > 0) return ctx.continueAsNew(left - 1);
    return `the last generation of ${ctx.instanceId} for ${ctx.parentInstanceId}`;
  }

  @Orchestrator()
  *failsInLastGeneration(ctx: OrchestrationContext, left: number): Orchestration<void> {
    if (left > 0) return ctx.continueAsNew(left - 1);
    throw new Declined('at last');
  }

  @Orchestrator()
  *nests(ctx: OrchestrationContext, depth: number): Orchestration<string[]> {
    if (depth === 0) return [ctx.instanceId];
    const below = yield* ctx.callSubOrchestrator<string[]>('nests', depth - 1);
    return [ctx.instanceId, ...below];
  }

  @Orchestrator()
  *generations(ctx: OrchestrationContext, ids: string[]): Orchestration<string[] | void> {
    const children = yield* ctx.all([1, 2].map((input) => ctx.callSubOrchestrator<{ instanceId: string }>('child', input)));
    const all = [...ids, ...children.map(({ instanceId }) => instanceId)];
    return all.length < 10 ? ctx.continueAsNew(all) : all;
  }

  @Orchestrator()
  *callsOwnId(ctx: OrchestrationContext, instanceId: string): Orchestration<unknown> {
    try {
      ctx.callSubOrchestrator('child', 1, { instanceId });
    } catch (error) {
      return `${(error as Error).name}: ${(error as Error).message}`;
    }
    return 'it was accepted';
  }

  @Orchestrator()
  *callsParentsId(ctx: OrchestrationContext): Orchestration<unknown> {
    return yield* ctx.callSubOrchestrator('callsOwnId', ctx.instanceId);
  }

  @Orchestrator()
  *catches(ctx: OrchestrationContext, { name, instanceId, input }: CatchInput): Orchestration<unknown> {
    try {
      return { result: yield* ctx.callSubOrchestrator(name, input, { instanceId }) };
    } catch (error) {
      const { taskName, taskId, failureDetails } = error as TaskFailedError;
      return { taskName, taskId, failureDetails, declined: (error as TaskFailedError).isCausedBy(Declined) };
    }
  }
}

interface Caught {
  readonly taskName: string;
  readonly failureDetails: FailureDetails;
}

const scenario = useScenarios({ providers: [Subject] });

describe('ids', () => {
  scenario('[S1] the default id is derived from the execution id and the task id; it is of bounded length however deep', async ({ start, output, client }) => {
    const ids = (await output(await start('nests', 15))) as string[];
    expect(new Set(ids).size).toBe(16);
    for (const [index, child] of ids.slice(1).entries()) {
      expect(child).toMatch(/^[0-9a-f-]{36}:0(\.\d+)?$/);
      expect((await client.getStatus(child))?.parentInstanceId).toBe(ids[index]);
    }
  });

  scenario('[S1] no collision across continueAsNew', async ({ start, output, client }) => {
    const ids = (await output(await start('generations', []))) as string[];
    expect(new Set(ids).size).toBe(10);
    for (const [index, id] of ids.entries()) expect(await client.getStatus(id)).toMatchObject({ runtimeStatus: 'Completed', input: (index % 2) + 1 });
  });

  scenario("[S1] an explicit id that is the own or the parent's id is refused at the call", async ({ start, output, id }) => {
    expect(await output(await start('callsOwnId', id('own'), { instanceId: id('own') }))).toMatch(/^InvalidInstanceIdError: .*the calling instance itself/);
    expect(await output(await start('callsParentsId', undefined, { instanceId: id('parent') }))).toMatch(/^InvalidInstanceIdError: .*calling instance's parent/);
  });

  scenario('[S3] an explicit id in use by a running instance fails the call with a clear error, and leaves that instance alone', async (run) => {
    const { start, output, id, client, until } = run;
    const taken = await start('waitingChild', undefined, { instanceId: id('taken') });
    const caught = (await output(await start('catches', { name: 'child', instanceId: id('taken') }))) as Caught;
    expect(caught.failureDetails.errorType).toBe('InstanceAlreadyExistsError');
    expect(caught.failureDetails.errorMessage).toContain(`'${id('taken')}' is in use by a Running instance of 'waitingChild'`);
    expect(await until(taken, ({ runtimeStatus }) => runtimeStatus === 'Running')).toMatchObject({ name: 'waitingChild', parentInstanceId: undefined });
    await client.raiseEvent(taken, 'end', 'its own end');
    expect(await output(taken)).toBe('its own end');
  });

  scenario('[S3] an explicit id of a finished instance, and a free one, are used', async ({ start, output, id, client }) => {
    for (const input of ['first', 'second']) {
      const parent = await start('catches', { name: 'child', instanceId: id('reused'), input });
      expect(await output(parent)).toEqual({ result: { instanceId: id('reused'), input } });
      expect((await client.getStatus(id('reused')))?.parentInstanceId).toBe(parent);
    }
  });
});

describe('ends', () => {
  scenario('[S2] a failure is thrown in the parent with the inner details', async ({ start, output }) => {
    const caught = await output(await start('catches', { name: 'failingChild' }));
    expect(caught).toMatchObject({
      taskName: 'failingChild',
      taskId: 0,
      declined: true,
      failureDetails: {
        errorType: 'TaskFailedError',
        errorMessage: "'decline' (task 0) failed: Declined: the card was declined",
        innerFailure: { errorType: 'Declined', errorMessage: 'the card was declined', properties: { card: '4000' } },
      },
    });
  });

  scenario('[S2] a terminated child fails the call in the parent', async ({ start, output, id, client, until }) => {
    const parent = await start('catches', { name: 'waitingChild', instanceId: id('child') });
    await until(id('child'), ({ runtimeStatus }) => runtimeStatus === 'Running');
    await client.terminate(id('child'), 'no longer needed');
    const caught = (await output(parent)) as Caught;
    expect(caught.taskName).toBe('waitingChild');
    expect(caught.failureDetails.errorMessage).toContain(id('child'));
    expect(caught.failureDetails.errorMessage).toContain('terminated');
    expect(caught.failureDetails.errorMessage).toContain('no longer needed');
  });

  scenario("[S4] continueAsNew inside a child keeps the parent link: the parent gets the last generation's result", async (run) => {
    const { start, output, id, client, history } = run;
    const parent = await start('catches', { name: 'countingChild', instanceId: id('child'), input: 5 });
    expect(await output(parent)).toEqual({ result: `the last generation of ${id('child')} for ${parent}` });
    expect(await client.getStatus(id('child'))).toMatchObject({ runtimeStatus: 'Completed', input: 0, parentInstanceId: parent });
    expect((await history(parent)).filter(({ eventType }) => eventType === 'SubOrchestrationInstanceCompleted')).toHaveLength(1);
  });

  scenario("[S4] and the last generation's failure", async ({ start, output }) => {
    const parent = await start('catches', { name: 'failsInLastGeneration', input: 3 });
    expect(await output(parent)).toMatchObject({ failureDetails: { errorType: 'Declined', errorMessage: 'at last' } });
  });
});
