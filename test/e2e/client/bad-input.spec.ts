import { Injectable } from '@nestjs/common';
import { Activity, Orchestrator, type Orchestration, type OrchestrationContext } from 'nestjs-durable';
import { LOG_LINES } from '../support/log-lines.js';
import { useScenarios } from '../support/harness.js';

const LIMIT = 2_048;

/** A value whose JSON text has so many bytes. */
const ofBytes = (bytes: number): string => 'x'.repeat(bytes - 2);

/** Values that JSON cannot hold, by name: instances cannot be given them. */
const UNFIT: Readonly<Record<string, () => unknown>> = {
  BigInt: () => ({ total: 1n }),
  cycle: () => {
    const cycle: { self?: unknown } = {};
    cycle.self = cycle;
    return cycle;
  },
  function: () => () => 1,
  toJSON: () => ({
    toJSON(): never {
      throw new Error('no JSON of me');
    },
  }),
};

@Injectable()
class Subject {
  @Activity()
  echo(value: unknown): unknown {
    return value;
  }

  @Activity()
  make(what: string): unknown {
    return UNFIT[what]!();
  }

  @Activity()
  makeLarge(bytes: number): string {
    return ofBytes(bytes);
  }

  @Orchestrator()
  *waits(ctx: OrchestrationContext): Orchestration<unknown> {
    return yield* ctx.waitForExternalEvent('go');
  }

  @Orchestrator()
  returns(_ctx: OrchestrationContext, input: unknown): unknown {
    return input;
  }

  @Orchestrator()
  *calls(ctx: OrchestrationContext, { activity, input }: { activity: string; input: unknown }): Orchestration<unknown> {
    return yield* ctx.callActivity(activity, input);
  }

  @Orchestrator()
  returnsUnfit(_ctx: OrchestrationContext, what: string): unknown {
    return UNFIT[what]!();
  }

  @Orchestrator()
  returnsLarge(_ctx: OrchestrationContext, bytes: number): unknown {
    return ofBytes(bytes);
  }

  /** Makes each call with a value that is as large, and answers the errors. */
  @Orchestrator()
  *tries(ctx: OrchestrationContext, bytes: number): Orchestration<(string | null)[]> {
    const calls = [
      () => ctx.callActivity('echo', ofBytes(bytes)),
      () => ctx.callSubOrchestrator('returns', ofBytes(bytes)),
      () => ctx.sendEvent('nobody', 'e', ofBytes(bytes)),
    ];
    const answers = calls.map((call) => {
      try {
        call();
        return null;
      } catch (error) {
        return (error as Error).message;
      }
    });
    try {
      ctx.continueAsNew(ofBytes(bytes));
      return answers;
    } catch (error) {
      return [...answers, (error as Error).message];
    }
  }

  @Orchestrator()
  *setsStatus(ctx: OrchestrationContext, bytes: number): Orchestration<string> {
    ctx.setCustomStatus('before');
    try {
      ctx.setCustomStatus(ofBytes(bytes));
    } catch (error) {
      return (error as Error).message;
    }
    return 'set';
  }

  @Orchestrator()
  *callsUnknownChild(ctx: OrchestrationContext, name: string): Orchestration<unknown> {
    return yield* ctx.callSubOrchestrator(name, 5, { instanceId: `${ctx.instanceId}-child` });
  }
}

@Injectable()
class LateSubject {
  @Orchestrator({ name: 'comesLater' })
  later(_ctx: OrchestrationContext, input: number): number {
    return input + 1;
  }
}

const scenario = useScenarios({ providers: [Subject], settings: { maxPayloadBytes: LIMIT } });

/** The call is refused with this error, and nothing of it is stored. */
async function refusedWith(promise: Promise<unknown>, name: string, ...parts: string[]): Promise<void> {
  const error = await promise.then(
    () => new Error('It was accepted.'),
    (reason: unknown) => reason as Error,
  );
  expect(error.name).toBe(name);
  for (const part of parts) expect(error.message).toContain(part);
}

describe('unknown names', () => {
  scenario('[K1] a client cannot start an orchestrator that no live worker has: the known ones are named', async ({ client, id }) => {
    for (const name of ['Waits', 'echo', '', 'waits ']) {
      const refused = client.startNew(name, { instanceId: id('a') });
      await refusedWith(refused, 'UnknownHandlerError', `There is no orchestrator '${name}'.`, "'returns'", "'waits'");
    }
    await refusedWith(client.startNew('waits', { instanceId: id('a'), version: '9' }), 'UnknownHandlerError', "'waits' version '9'");
    expect(await client.getStatus(id('a'))).toBeNull();
  });

  scenario('[A3] an activity that no live worker has fails the call, naming it and the known ones', async ({ run }) => {
    const status = await run('calls', { activity: 'Echo', input: 1 });
    expect(status.runtimeStatus).toBe('Failed');
    expect(status.failureDetails).toMatchObject({ errorType: 'TaskFailedError' });
    for (const part of ["There is no activity 'Echo'", "'echo'", "'make'"]) expect(status.failureDetails?.errorMessage).toContain(part);
  });

  scenario('[Y6] a sub-orchestration that no live worker has waits and is logged; it runs when a worker comes that has it', async (run) => {
    const { client, id, until, stop, startAgain } = run;
    await client.startNew('callsUnknownChild', { instanceId: id('a'), input: 'comesLater' });
    await run.eventually(() => LOG_LINES.about(id('a-child')).length > 0);
    expect(LOG_LINES.about(id('a-child'))[0]).toMatchObject({ level: 'warn', text: expect.stringContaining("the orchestrator 'comesLater'") });
    expect(await client.getStatus(id('a-child'))).toMatchObject({ runtimeStatus: 'Pending' });
    expect(client.getHealth().parked).toContainEqual({ kind: 'orchestrator', name: 'comesLater', instances: 1 });
    await until(id('a'), ({ runtimeStatus }) => runtimeStatus === 'Running');
    await stop();
    await startAgain({ providers: [Subject, LateSubject] });
    expect(await run.output(id('a'))).toBe(6);
  });
});

describe('bad ids', () => {
  scenario('[N1] are refused with the rule that they break', async ({ client }) => {
    const bad: readonly [unknown, string][] = [
      ['', 'it is empty'],
      ['@counter@a', "begin with '@'"],
      ['a/b', 'it holds one of / \\ # ? or a control character'],
      ['a\\b', 'it holds one of'],
      ['a#b', 'it holds one of'],
      ['a?b', 'it holds one of'],
      ['a\u0000b', 'it holds one of'],
      ['a\u0085b', 'it holds one of'],
      ['x'.repeat(256), 'it has 256 characters, 255 are allowed'],
      [7, 'it is no string but number'],
    ];
    for (const [instanceId, rule] of bad) {
      await refusedWith(client.startNew('returns', { instanceId: instanceId as string }), 'InvalidInstanceIdError', rule);
    }
  });

  scenario('[N1] all others are kept as they are: 255 characters, emoji, trailing spaces, case', async ({ client, id, output }) => {
    const good = [id('x').padEnd(255, 'y'), id('🦄 é'), id('e '), id('e'), id('E'), id("'; --")];
    for (const [index, instanceId] of good.entries()) await client.startNew('returns', { instanceId, input: index });
    for (const [index, instanceId] of good.entries()) {
      expect(await output(instanceId)).toBe(index);
      expect((await client.getStatus(instanceId))?.instanceId).toBe(instanceId);
    }
  });

  scenario('every call refuses an id that is none', async ({ client }) => {
    for (const call of ['getStatus', 'terminate', 'suspend', 'resume', 'waitForCompletion', 'raiseEvent'] as const) {
      for (const instanceId of ['', undefined]) {
        await refusedWith(client[call](instanceId as string, 'e'), 'TypeError', `${call}: the instance id must be a non-empty string`);
      }
    }
    await refusedWith(client.raiseEvent('a', ''), 'TypeError', "raiseEvent('a'): the event's name must be a non-empty string");
  });

  scenario('[N1] every call for orchestrations refuses the id of an entity, saying what there is for entities', async ({ client }) => {
    for (const call of ['getStatus', 'terminate', 'suspend', 'resume', 'rewind', 'restart', 'purgeInstanceHistory', 'waitForCompletion'] as const) {
      const refused = client[call]('@counter@a');
      await refusedWith(refused, 'InvalidInstanceIdError', "begin with '@' belong to entities", `${call} is for orchestrations`, 'use signalEntity');
    }
    await refusedWith(client.raiseEvent('@counter@a', 'e'), 'InvalidInstanceIdError', 'raiseEvent is for orchestrations');
  });
});

describe('values that JSON cannot hold', () => {
  scenario('[K1] [K4] are refused as input and as event data, and nothing is stored', async ({ client, id, output }) => {
    await client.startNew('waits', { instanceId: id('a') });
    for (const [what, make] of Object.entries(UNFIT)) {
      await refusedWith(client.startNew('waits', { instanceId: id(what), input: make() }), 'SerializationError', "The input of 'waits' cannot be written as JSON");
      expect(await client.getStatus(id(what))).toBeNull();
      await refusedWith(client.raiseEvent(id('a'), 'go', make()), 'SerializationError', "The data of event 'go' cannot be written as JSON");
    }
    await client.raiseEvent(id('a'), 'go', 'fine');
    expect(await output(id('a'))).toBe('fine');
  });

  scenario('[A5] as the result of an activity fail its call; [O2] as an output, the instance', async ({ run }) => {
    for (const what of Object.keys(UNFIT)) {
      const called = await run('calls', { activity: 'make', input: what });
      expect(called.runtimeStatus).toBe('Failed');
      expect(called.failureDetails?.errorMessage).toContain("'make' (task 0) failed: SerializationError: The result of activity 'make' (Subject.make)");
      const returned = await run('returnsUnfit', what);
      expect(returned).toMatchObject({ runtimeStatus: 'Failed', failureDetails: { errorType: 'SerializationError' } });
    }
  });
});

describe('values over maxPayloadBytes', () => {
  scenario('[K1] [K4] are refused as input and as event data; the limit itself is not', async ({ client, id, output }) => {
    await client.startNew('waits', { instanceId: id('a') });
    const large = ofBytes(LIMIT + 1);
    await refusedWith(
      client.startNew('returns', { instanceId: id('large'), input: large }), 'PayloadTooLargeError',
      `The input of 'returns' has ${LIMIT + 1} bytes as JSON, the limit is ${LIMIT}.`,
    );
    expect(await client.getStatus(id('large'))).toBeNull();
    await refusedWith(client.raiseEvent(id('a'), 'go', large), 'PayloadTooLargeError', "The data of event 'go' has");

    await client.raiseEvent(id('a'), 'go', ofBytes(LIMIT));
    expect(await output(id('a'))).toBe(ofBytes(LIMIT));
    expect(await output(await client.startNew('returns', { input: ofBytes(LIMIT) }))).toBe(ofBytes(LIMIT));
  });

  scenario('are counted in bytes of UTF-8', async ({ client, output }) => {
    const euros = '€'.repeat((LIMIT - 2) / 3);
    expect(await output(await client.startNew('returns', { input: euros }))).toBe(euros);
    await refusedWith(client.startNew('returns', { input: `${euros}€` }), 'PayloadTooLargeError');
  });

  scenario('as the result of an activity fail its call, as an output the instance', async ({ run }) => {
    const called = await run('calls', { activity: 'makeLarge', input: LIMIT + 1 });
    expect(called.runtimeStatus).toBe('Failed');
    expect(called.failureDetails?.errorMessage).toContain(`PayloadTooLargeError: The result of activity 'makeLarge' (Subject.makeLarge), instance '${called.instanceId}' has ${LIMIT + 1} bytes`);
    expect(await run('calls', { activity: 'makeLarge', input: LIMIT })).toMatchObject({ runtimeStatus: 'Completed' });
    expect(await run('returnsLarge', LIMIT + 1)).toMatchObject({ runtimeStatus: 'Failed', failureDetails: { errorType: 'PayloadTooLargeError' } });
    expect(await run('returnsLarge', LIMIT)).toMatchObject({ runtimeStatus: 'Completed' });
  });

  scenario('are refused at the call by the context, which names the call and the instance', async ({ start, output, history }) => {
    const instance = await start('tries', LIMIT + 1);
    const messages = (await output(instance)) as string[];
    expect(messages).toHaveLength(4);
    for (const [index, call] of ['ctx.callActivity', 'ctx.callSubOrchestrator', 'ctx.sendEvent', 'ctx.continueAsNew'].entries()) {
      expect(messages[index]).toContain(`${call} (orchestrator 'tries', instance '${instance}') has ${LIMIT + 1} bytes as JSON, the limit is ${LIMIT}.`);
    }
    expect((await history(instance)).some(({ taskId }) => taskId !== undefined)).toBe(false);
  });

  scenario('[O13] a custom status over 16 KB is refused at the call', async ({ run }) => {
    const refused = await run('setsStatus', 16 * 1024 + 1);
    expect(refused.output).toContain('The custom status of ctx.setCustomStatus');
    expect(refused.customStatus).toBe('before');
    const fits = await run('setsStatus', 16 * 1024);
    expect(fits).toMatchObject({ output: 'set', customStatus: ofBytes(16 * 1024) });
  });
});

describe('the limits of startNew', () => {
  const refusals: readonly [object, string][] = [
    [{ onConflict: 'replace' }, 'onConflict must be one of replaceFinished, useExisting, terminateAndReplace, reject, but got replace'],
    [{ tags: { a: 1 } }, 'tags must be an object whose values are strings'],
    [{ tags: ['a'] }, 'tags must be an object whose values are strings'],
    [{ tags: Object.fromEntries(Array.from({ length: 101 }, (_, n) => [`t${n}`, ''])) }, 'an instance has at most 100 tags, and these are 101'],
    [{ startAt: new Date(NaN) }, 'startAt must be a valid Date or epoch milliseconds'],
    [{ startAt: '2026-01-01' }, 'startAt must be a valid Date or epoch milliseconds'],
    [{ version: 1 }, 'version must be a string'],
  ];
  scenario('[K1] refuses options that make no sense', async ({ client, id }) => {
    for (const [options, message] of refusals) {
      await refusedWith(client.startNew('returns', { instanceId: id('a'), ...options }), 'TypeError', `startNew('returns'): ${message}`);
    }
    await refusedWith(client.startNew('returns', { instanceId: id('a'), tags: { a: ofBytes(16 * 1024) } }), 'PayloadTooLargeError', "The tags of startNew('returns')");
    expect(await client.getStatus(id('a'))).toBeNull();
  });
});
