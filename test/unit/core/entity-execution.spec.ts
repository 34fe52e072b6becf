import { EntityExecution, EntityId, NonRetriableError, type EntityAction, type EntityContext, type OperationOutcome } from '../../../lib/core/index.js';

const NEVER = new AbortController().signal;
const COUNTER = new EntityId('Counter', 'A');

type Handler = (ctx: EntityContext<any>) => unknown;

interface Given {
  readonly state?: unknown;
  readonly maxPayloadBytes?: number;
  readonly maxActions?: number;
}

/** An entity in function form, loaded with a state. */
function load(handler: Handler, { state, maxPayloadBytes = 1_000, maxActions = 100 }: Given = {}) {
  const lines: string[] = [];
  const write = (line: unknown): void => void lines.push(String(line));
  let ids = 0;
  const execution = new EntityExecution({
    entityId: COUNTER, handler, source: 'Counters.counter', state: state === undefined ? undefined : JSON.stringify(state), maxPayloadBytes, maxActions,
    log: { log: write, warn: write, error: write }, newInstanceId: () => `new-${++ids}`,
  });
  const run = (operation: string, input?: unknown, signal = NEVER): Promise<OperationOutcome> =>
    execution.run({ operation, ...(input !== undefined && { input: JSON.stringify(input) }) }, signal);
  const states = (): unknown => execution.state && JSON.parse(execution.state);
  return { execution, run, states, lines };
}

function failureOf(outcome: OperationOutcome): string {
  if (outcome.kind === 'completed') throw new Error(`The operation completed: ${outcome.result}`);
  return `${outcome.failureDetails.errorType}: ${outcome.failureDetails.errorMessage}`;
}

function resultOf(outcome: OperationOutcome): unknown {
  if (outcome.kind === 'failed') throw new Error(outcome.failureDetails.errorMessage);
  return outcome.result === undefined ? undefined : JSON.parse(outcome.result);
}

function actionsOf(outcome: OperationOutcome): readonly EntityAction[] {
  return outcome.kind === 'completed' ? outcome.actions : [];
}

describe('the context of an operation', () => {
  it('[N2] knows entity and operation, whose name it has as the caller wrote it', async () => {
    const { run, lines } = load((ctx) => {
      ctx.log.log('counted');
      ctx.return([ctx.entityName, ctx.entityKey, ctx.entityId.toString(), ctx.operationName, ctx.isNewlyConstructed, ctx.getInput()]);
    });
    expect(resultOf(await run('Add', { by: 2 }))).toEqual(['counter', 'A', '@counter@A', 'Add', true, { by: 2 }]);
    expect(lines).toEqual(['[@counter@A] counted']);
  });

  it('[N2] isNewlyConstructed is false once there is a state', async () => {
    const { run } = load((ctx) => {
      ctx.return(ctx.isNewlyConstructed);
      ctx.setState(1);
    });
    expect(resultOf(await run('touch'))).toBe(true);
    expect(resultOf(await run('touch'))).toBe(false);
    expect(resultOf(await load((ctx) => ctx.return(ctx.isNewlyConstructed), { state: null }).run('touch'))).toBe(false);
  });

  it("[N2] getState gives the initializer's value where there is no state, and stores nothing by that", async () => {
    const { run, states } = load((ctx) => ctx.return(ctx.getState(() => 5)));
    expect(resultOf(await run('get'))).toBe(5);
    expect(states()).toBeUndefined();
  });

  it('[N2] changes of what getState gave count once setState is called', async () => {
    const { run, states } = load((ctx) => {
      const state = ctx.getState(() => ({ items: [] as string[] }));
      state.items.push(ctx.getInput());
      if (ctx.operationName === 'keep') ctx.setState(state);
    });
    await run('keep', 'a');
    await run('lose', 'b');
    await run('keep', 'c');
    expect(states()).toEqual({ items: ['a', 'c'] });
  });

  it('[N2] setState and return take the value as it is at the call', async () => {
    const { run, states } = load((ctx) => {
      const value = { count: 1 };
      ctx.setState(value);
      ctx.return(value);
      value.count = 2;
    });
    expect(resultOf(await run('set'))).toEqual({ count: 1 });
    expect(states()).toEqual({ count: 1 });
  });

  it('[N2] state crosses as JSON, warm as well as cold: a Date is a string in the next operation', async () => {
    const { run } = load((ctx) => {
      if (ctx.operationName === 'set') ctx.setState({ at: new Date(0) });
      else ctx.return(typeof ctx.getState()?.at);
    });
    await run('set');
    expect(resultOf(await run('get'))).toBe('string');
  });

  it('[N2] the return value of the handler is nothing', async () => {
    expect(resultOf(await load(() => 5).run('get'))).toBeUndefined();
  });

  it('[N2] signals and starts are answered in the order of their calls', async () => {
    const at = new Date(5_000);
    const { run } = load((ctx) => {
      ctx.signalEntity(new EntityId('Other', 'B'), 'add', 0, { scheduledTime: at });
      const id = ctx.startNew('audit', { input: { n: 1 }, version: '2', tags: { kind: 'x' }, startAt: at });
      ctx.startNew('audit', { instanceId: 'mine' });
      ctx.signalEntity(ctx.entityId, 'tick');
      ctx.return(id);
    });
    const outcome = await run('go');
    expect(resultOf(outcome)).toBe('new-1');
    expect(actionsOf(outcome)).toEqual([
      { type: 'signal', entityId: '@other@B', operation: 'add', input: '0', scheduledTime: 5_000 },
      { type: 'start', instanceId: 'new-1', isNewId: true, name: 'audit', version: '2', input: '{"n":1}', tags: { kind: 'x' }, startAt: 5_000 },
      { type: 'start', instanceId: 'mine', isNewId: false, name: 'audit' },
      { type: 'signal', entityId: '@counter@A', operation: 'tick' },
    ]);
  });

  it.each<[what: string, handler: Handler, message: RegExp]>([
    [
      'an id that is none', (ctx) => ctx.signalEntity('@a@b' as never, 'add'),
      /^TypeError: ctx\.signalEntity \(Counters\.counter, operation 'go' of entity '@counter@A'\) takes an EntityId/,
    ],
    ['an operation without a name', (ctx) => ctx.signalEntity(COUNTER, ''), /^TypeError: .*the operation must be a string that is not empty/],
    ['a time that is none', (ctx) => ctx.signalEntity(COUNTER, 'add', 1, { scheduledTime: new Date('x') }), /scheduledTime must be a valid Date/],
    ['input that JSON cannot hold', (ctx) => ctx.signalEntity(COUNTER, 'add', 1n), /^SerializationError: The input of the signal 'add'/],
    ['an orchestrator without a name', (ctx) => ctx.startNew(''), /^TypeError: .*the name must be a string that is not empty/],
    ['the id of an entity', (ctx) => ctx.startNew('audit', { instanceId: '@a@b' }), /^InvalidInstanceIdError: .*belong to entities/],
    ['tags that are no strings', (ctx) => ctx.startNew('audit', { tags: { n: 1 } as never }), /^TypeError: .*tags must be an object whose values are strings/],
    ['tags that are too large', (ctx) => ctx.startNew('audit', { tags: { n: 'x'.repeat(17_000) } }), /^PayloadTooLargeError: The tags/],
    ['a start at no time', (ctx) => ctx.startNew('audit', { startAt: 5 as never }), /^TypeError: .*startAt must be a Date/],
    ['a version that is no string', (ctx) => ctx.startNew('audit', { version: 2 as never }), /^TypeError: .*the version must be a string/],
    ['input that is too large', (ctx) => ctx.startNew('audit', { input: 'x'.repeat(1_000) }), /^PayloadTooLargeError: The input of 'audit'/],
  ])('[N2] refuses %s at the call', async (_what, handler, message) => {
    expect(failureOf(await load(handler).run('go'))).toMatch(message);
  });
});

describe('an operation that sends without end', () => {
  it('[O14] [N5] fails when it has sent more than it may', async () => {
    const handler: Handler = (ctx) => {
      for (let sent = 0; sent < ctx.getInput<number>(); sent++) {
        if (sent % 2 === 0) ctx.signalEntity(COUNTER, 'tick');
        else ctx.startNew('tick');
      }
    };
    const { run } = load(handler, { maxActions: 10 });
    expect(actionsOf(await run('go', 10))).toHaveLength(10);
    expect(failureOf(await run('go', 11))).toMatch(/^RangeError: ctx\.signalEntity \(.*entity '@counter@A'\): the operation has sent more than 10 signals and starts/);
  });
});

describe('an operation that fails', () => {
  const failing: Handler = (ctx) => {
    ctx.setState('changed');
    ctx.destructOnExit();
    ctx.signalEntity(COUNTER, 'tick');
    if (ctx.operationName === 'fail') throw new RangeError('no');
  };

  it('[N5] leaves the state as before it, and the rest of the batch unaffected', async () => {
    const { run, states } = load(
      (ctx) => {
        const sum = ctx.getState(() => 0) + ctx.getInput<number>();
        ctx.setState(sum);
        if (ctx.operationName === 'fail') throw new RangeError('no');
        ctx.return(sum);
      },
      { state: 1 },
    );
    expect(resultOf(await run('add', 1))).toBe(2);
    expect(failureOf(await run('fail', 5))).toBe('RangeError: no');
    expect(states()).toBe(2);
    expect(resultOf(await run('add', 1))).toBe(3);
  });

  it('[N5] discards its signals and starts', async () => {
    const { run, states } = load(failing, { state: 'before' });
    const outcome = await run('fail');
    expect(outcome.kind).toBe('failed');
    expect(outcome).not.toHaveProperty('actions');
    expect(states()).toBe('before');
    expect(actionsOf(await run('succeed'))).toHaveLength(1);
    expect(states()).toBeUndefined();
  });

  it.each<[what: string, value: unknown, error: string]>([
    ['that JSON cannot hold', 1n, 'SerializationError'],
    ['that is too large', 'x'.repeat(1_000), 'PayloadTooLargeError'],
  ])('[N5] a state %s is such a failure, and so is a result', async (_what, value, error) => {
    const { run, states } = load((ctx) => (ctx.operationName === 'set' ? ctx.setState(value) : ctx.return(value)), { state: 'before' });
    expect(failureOf(await run('set'))).toContain(`${error}: The state given to ctx.setState (Counters.counter, operation 'set' of entity '@counter@A')`);
    expect(failureOf(await run('get'))).toContain(`${error}: The result given to ctx.return`);
    expect(states()).toBe('before');
  });

  it('[N5] whatever is thrown, synchronously or not', async () => {
    const thrown: Handler[] = [
      () => Promise.reject(undefined),
      () => Promise.reject(new Error('later')),
      () => { throw new NonRetriableError('at once'); },
    ];
    const failures = [];
    for (const handler of thrown) failures.push(failureOf(await load(handler).run('go')));
    expect(failures).toEqual(['Error: undefined was thrown', 'Error: later', 'NonRetriableError: at once']);
  });
});

describe('values that are false', () => {
  it.each([null, 0, '', false])('[N6] %j persists as state, input and result', async (value) => {
    const { run, states } = load((ctx) => {
      if (ctx.operationName === 'set') ctx.setState(ctx.getInput());
      else ctx.return(ctx.getState(() => 'initial'));
    });
    await run('set', value);
    expect(states()).toBe(value);
    expect(resultOf(await run('get'))).toBe(value);
  });

  it('[N6] undefined is no state, no input and no result', async () => {
    const { run, execution } = load((ctx) => {
      ctx.return(ctx.getInput());
      ctx.setState(undefined);
    }, { state: 1 });
    expect(resultOf(await run('clear'))).toBeUndefined();
    expect(execution.state).toBeUndefined();
  });

  it('[N6] destructOnExit deletes the state with the end of the operation, whatever it is then', async () => {
    const { run, execution } = load((ctx) => {
      ctx.destructOnExit();
      ctx.setState(ctx.getState() + 1);
      ctx.return(ctx.getState());
    }, { state: 1 });
    expect(resultOf(await run('delete'))).toBe(2);
    expect(execution.state).toBeUndefined();
  });
});

describe('the end of an operation', () => {
  /** Keeps its context beyond the end. */
  function keeping() {
    let kept: EntityContext<any> | undefined;
    const loaded = load((ctx) => {
      kept = ctx;
    }, { state: 'before' });
    return { ...loaded, ctx: () => kept! };
  }

  it.each<[call: string, use: Handler]>([
    ['getInput', (ctx) => ctx.getInput()],
    ['getState', (ctx) => ctx.getState()],
    ['setState', (ctx) => ctx.setState(1)],
    ['return', (ctx) => ctx.return(1)],
    ['destructOnExit', (ctx) => ctx.destructOnExit()],
    ['signalEntity', (ctx) => ctx.signalEntity(COUNTER, 'tick')],
    ['startNew', (ctx) => ctx.startNew('audit')],
  ])('[N2] ctx.%s throws after it, naming entity and operation', async (call, use) => {
    const { run, ctx } = keeping();
    await run('go');
    expect(() => use(ctx())).toThrow(`ctx.${call} (Counters.counter, operation 'go' of entity '@counter@A') was called after the operation had ended`);
  });

  it('[N4] an abort fails the operation with its reason; what it does then has no effect', async () => {
    const timeout = new AbortController();
    const gate = gateOf();
    let late: unknown;
    const { run, states } = load(async (ctx) => {
      if (ctx.operationName === 'get') return ctx.return(ctx.getState());
      ctx.setState('half');
      await gate.promise;
      try {
        ctx.setState('late');
      } catch (error) {
        late = error;
        throw error;
      }
    }, { state: 'before' });
    const running = run('slow', undefined, timeout.signal);
    timeout.abort(new Error('it took longer than 5 ms'));
    expect(failureOf(await running)).toBe('Error: it took longer than 5 ms');
    gate.resolve();
    expect(resultOf(await run('get'))).toBe('before');
    expect(String(late)).toContain('was called after the operation had ended, or had failed because it took too long');
    expect(states()).toBe('before');
  });

  it('[N4] an operation whose signal is aborted before does not begin', async () => {
    let runs = 0;
    const outcome = await load(() => (runs += 1)).run('go', undefined, AbortSignal.abort(new Error('stopped')));
    expect(failureOf(outcome)).toBe('Error: stopped');
    expect(runs).toBe(0);
  });

  it('[N4] the handler has the signal, and no listener stays on it', async () => {
    const abort = new AbortController();
    const remove = jest.spyOn(abort.signal, 'removeEventListener');
    let given: AbortSignal | undefined;
    await load((ctx) => (given = ctx.signal)).run('go', undefined, abort.signal);
    expect(given).toBe(abort.signal);
    expect(remove).toHaveBeenCalledTimes(1);
  });
});

function gateOf(): { promise: Promise<void>; resolve: () => void } {
  let resolve!: () => void;
  return { promise: new Promise<void>((done) => (resolve = done)), resolve };
}
