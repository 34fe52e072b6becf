/** Calls and signals of orchestrators [N8]. */
import { Injectable } from '@nestjs/common';
import { EntityId, Orchestrator, type FailureDetails, type Orchestration, type OrchestrationContext, type TaskFailedError } from 'nestjs-durable';
import { callEntities, type Operation } from '../support/entity-callers.js';
import { useScenarios } from '../support/harness.js';
import { Desk, DESKS, Functions } from './desk.js';

@Injectable()
class Orchestrators {
  /** By class and by name, both forms of entities. */
  @Orchestrator()
  *usesAllForms(ctx: OrchestrationContext, key: string): Orchestration<unknown[]> {
    const { note, read, signal } = ctx.entity(Desk, key);
    const [desk, counter] = [new EntityId('desk', key), new EntityId('counter', key)];
    const signalled = [signal.note('typed signal'), ctx.signalEntity(desk, 'note', 'signal'), ctx.signalEntity(counter, 'add', 1)];
    const answers = [yield* note('typed call'), yield* ctx.callEntity<number>(counter, 'add', 2), yield* ctx.callEntity(desk, 'READ'), yield* read()];
    return [signalled.every((value) => value === undefined), ...answers];
  }

  @Orchestrator()
  *watchesTask(ctx: OrchestrationContext, key: string): Orchestration<unknown[]> {
    const good = ctx.callEntity(new EntityId('desk', key), 'echo', 0);
    const bad = ctx.entity(Desk, key).refuse('paper');
    const seen: unknown[] = [[good.isCompleted, bad.isCompleted]];
    const winner = yield* ctx.any([good]);
    const settled = yield* ctx.allSettled([good, bad]);
    seen.push(winner === good, settled.map(({ status }) => status), [good.isCompleted, good.result, bad.isFaulted]);
    return seen;
  }

  @Orchestrator()
  *catches(ctx: OrchestrationContext, [entity, operation, input]: Operation): Orchestration<unknown> {
    try {
      return yield* ctx.callEntity(EntityId.parse(String(entity)), operation, input);
    } catch (error) {
      const { name, message, taskName, taskId, failureDetails } = error as TaskFailedError;
      return { name, message, taskName, taskId, failureDetails, isRange: (error as TaskFailedError).isCausedBy(RangeError) };
    }
  }

  /** What each bad call throws; the first action that counts is the activity. */
  @Orchestrator()
  *callsBadly(ctx: OrchestrationContext, key: string): Orchestration<string[]> {
    const id = new EntityId('desk', key);
    const desk = ctx.entity(Desk, key);
    const calls: (() => unknown)[] = [
      () => ctx.callEntity('@desk@a' as never, 'read'),
      () => ctx.signalEntity({ name: 'desk', key } as never, 'read'),
      () => ctx.callEntity(id, ''),
      () => ctx.signalEntity(id, 5 as never),
      () => ctx.callEntity(id, 'note', 1n),
      () => ctx.signalEntity(id, 'note', 1n),
      () => ctx.signalEntity(id, 'note', 1, { scheduledTime: new Date(NaN) }),
      () => (desk as unknown as Record<string, () => void>)['initializeState']!(),
      () => (desk as unknown as Record<string, () => void>)['_secret']!(),
      () => (desk.signal as unknown as Record<string, () => void>)['missing']!(),
      () => ctx.entity(Functions as never, key),
      () => ctx.entity(Desk, 'a/b'),
    ];
    const errors = calls.map((call) => {
      try {
        call();
        return 'it was accepted';
      } catch (error) {
        return (error as Error).name;
      }
    });
    yield* ctx.callActivity('echo', 1);
    return errors;
  }

  /** Signals, and calls without waiting. */
  @Orchestrator()
  leaves(ctx: OrchestrationContext, key: string): string {
    ctx.entity(Desk, key).note('called');
    ctx.entity(Desk, key).signal.note('signalled');
    return 'left';
  }

  @Orchestrator()
  *renews(ctx: OrchestrationContext, { key, generation }: { key: string; generation: number }): Orchestration<unknown> {
    const desk = ctx.entity(Desk, key);
    if (generation === 2) return yield* desk.read();
    desk.signal.note('before');
    ctx.continueAsNew({ key, generation: 2 });
    desk.signal.note('after');
    return undefined;
  }

  @Orchestrator()
  *doesAll(ctx: OrchestrationContext, key: string): Orchestration<void> {
    const desk = ctx.entity(Desk, key);
    desk.signal.note(1);
    const lock = yield* ctx.lock(desk);
    yield* desk.note(2);
    yield* ctx.allSettled([desk.refuse(3)]);
    lock.release();
  }
}

const scenario = useScenarios({ providers: [...DESKS, Orchestrators] });

describe('calls and signals of orchestrators', () => {
  scenario('[N8] callEntity gives a result, signalEntity nothing; by class and by name, for both forms of entities', async ({ id, run, stateBecomes }) => {
    const notes = ['typed signal', 'signal', 'typed call'];
    expect((await run('usesAllForms', id('a'))).output).toEqual([true, notes, 3, notes, notes]);
    await stateBecomes(new EntityId('counter', id('a')), 3);
  });

  scenario('[N8] callEntity is a task', async ({ id, run }) => {
    expect((await run('watchesTask', id('a'))).output).toEqual([[false, false], true, ['fulfilled', 'rejected'], [true, 0, true]]);
  });

  scenario('[N8] [A2] a call that fails throws TaskFailedError', async ({ id, run }) => {
    const taskName = expect.stringContaining('refuse');
    expect((await run('catches', [`@Desk@${id('a')}`, 'refuse', 'paper'])).output).toMatchObject({
      name: 'TaskFailedError', message: expect.stringContaining('no paper here'), taskName, taskId: 0, isRange: true,
      failureDetails: { errorType: 'RangeError', errorMessage: 'no paper here', isNonRetriable: false },
    });
  });

  scenario('[N8] [O4] falsy values survive both ways', async (run) => {
    const desk = new EntityId('desk', run.id('a'));
    const values = [0, '', false, null];
    expect(await callEntities(run, ...values.map((value): Operation => [desk, 'echo', value]), [desk, 'echo'])).toEqual([...values, null]);
  });

  scenario('[N8] refuse bad arguments at the call', async ({ id, run }) => {
    const names = [
      'TypeError', 'TypeError', 'TypeError', 'TypeError', 'SerializationError', 'SerializationError', 'RangeError', 'TypeError', 'TypeError', 'TypeError', 'TypeError',
      'InvalidInstanceIdError',
    ];
    expect((await run('callsBadly', id('a'), { instanceId: id('caller') })).output).toEqual(names);
  });

  scenario('[N8] [O10] what was called is carried out although its caller has ended', async ({ id, run, stateBecomes }) => {
    expect((await run('leaves', id('a'))).output).toBe('left');
    await stateBecomes(new EntityId('desk', id('a')), ['called', 'signalled']);
  });

  scenario('[N8] [C2] signals before continueAsNew are kept, those after it are ignored', async ({ id, run, state }) => {
    expect((await run('renews', { key: id('a'), generation: 1 })).output).toEqual(['before']);
    expect(await state(new EntityId('desk', id('a')))).toEqual(['before']);
  });

  scenario('[N8] [Y3] an answer for a caller that was terminated is ignored, also by the next instance of its id', async (run) => {
    const { client, gates, id, start, ended, output, until, stateBecomes } = run;
    const [first, second] = [new EntityId('desk', id('first')), new EntityId('desk', id('second'))];
    await start('callEntities', [[first, 'work', id('gate 1')]], { instanceId: id('caller') });
    await gates.reached(id('gate 1'));
    await client.terminate(id('caller'), 'enough');
    await ended(id('caller'));
    await start('callEntities', [[second, 'work', id('gate 2')]], { instanceId: id('caller') });
    await gates.reached(id('gate 2'));
    gates.open(id('gate 1'));
    await stateBecomes(first, [id('gate 1')]);
    await run.eventually(async () => (await run.waitingWork(id('caller'))).messages === 0);
    expect(await until(id('caller'), () => true)).toMatchObject({ runtimeStatus: 'Running' });
    gates.open(id('gate 2'));
    expect(await output(id('caller'))).toEqual([id('gate 2')]);
  });

  scenario('[N7] a call of an entity whose name no live worker has fails, non-retriably, with the names that there are', async ({ id, run }) => {
    const { failureDetails } = (await run('catches', [`@Nobody@${id('a')}`, 'read'])).output as { failureDetails: FailureDetails };
    expect(failureDetails).toMatchObject({ errorType: 'UnknownHandlerError', isNonRetriable: true });
    for (const name of ["'nobody'", "'desk'", "'counter'"]) expect(failureDetails.errorMessage).toContain(name);
  });

  scenario('[Y4] [N8] the history shows them under Azure\'s names', async ({ id, run, history }) => {
    const instance = (await run('doesAll', id('a'))).instanceId;
    const types = (await history(instance)).map(({ eventType }) => eventType as string).filter((type) => type.startsWith('Entity'));
    expect(types).toEqual([
      'EntityOperationSignaled', 'EntityLockRequested', 'EntityLockGranted', 'EntityOperationCalled', 'EntityOperationCompleted',
      'EntityOperationCalled', 'EntityOperationFailed', 'EntityUnlockSent',
    ]);
  });
});
