/** What an entity is: its id, its two forms, its state. How operations come to it is in entity-operations.spec.ts. */
import { Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import {
  Entity, EntityId, Orchestrator, TaskEntity,
  type EntityContext, type EntityStartOptions, type FailureDetails, type OrchestrationContext,
} from 'nestjs-durable';
import { callEntities, callEntity, EntityCallers, type Operation } from '../support/entity-callers.js';
import { Gates, useScenarios, type ScenarioRun } from '../support/harness.js';

/** What entities inject: no part of any state. */
@Injectable()
class Rates {
  readonly perHundred = 3;
  /** Lifecycle hooks and underscored methods that ran on an object of an entity. */
  readonly forbidden: string[] = [];
}

/** Function form. */
@Injectable()
class Functions {
  constructor(private readonly rates: Rates) {}

  /** Answers what its context knows. */
  @Entity()
  inspector(ctx: EntityContext): void {
    const { entityName, entityKey, entityId, operationName, isNewlyConstructed } = ctx;
    ctx.return({ entityName, entityKey, entityId, operationName, isNewlyConstructed, input: ctx.getInput() });
    ctx.setState('inspected');
  }

  /** Keeps what it is given. */
  @Entity()
  box(ctx: EntityContext<unknown>): void {
    switch (ctx.operationName) {
      case 'put':
        ctx.setState(ctx.getInput());
        return ctx.return('put');
      case 'get':
        return ctx.return({ exists: !ctx.isNewlyConstructed, state: ctx.getState() ?? null, type: typeof ctx.getState() });
      case 'initialize':
        return ctx.return([ctx.getState(() => ctx.getInput()), ctx.getState() ?? null]);
      case 'change in place': {
        const state = ctx.getState(() => ({})) as { changed?: boolean };
        state.changed = true;
        return ctx.return(state);
      }
      case 'return twice':
        ctx.return('first');
        return ctx.return('second');
      case 'return input':
        return ctx.return(ctx.getInput());
      case 'exit':
        ctx.destructOnExit();
        return ctx.return([ctx.getState(), ctx.isNewlyConstructed]);
      case 'throw text':
        ctx.setState('never');
        throw ctx.getInput();
      default:
        throw new RangeError(`a box cannot ${ctx.operationName}`);
    }
  }

  /** Asynchronous, with a dependency. */
  @Entity({ name: 'Savings' })
  async savings(ctx: EntityContext<number>): Promise<void> {
    await new Promise(setImmediate);
    ctx.setState(ctx.getState(() => 0) + ctx.getInput<number>() * (1 + this.rates.perHundred / 100));
    await new Promise(setImmediate);
    ctx.return(ctx.getState());
  }

  /** Passes on what it is given, as its operation says; ends with an error when the input says so. */
  @Entity()
  messenger(ctx: EntityContext<number>): void {
    const { signals = [], starts = [], error } = ctx.getInput<Errand>();
    for (const [entity, operation, input] of signals) ctx.signalEntity(EntityId.parse(String(entity)), operation, input);
    const ids = starts.map(([name, { startAt, ...options } = {}]) => ctx.startNew(name, { ...options, ...(startAt && { startAt: new Date(startAt) }) }));
    ctx.setState(ctx.getState(() => 0) + 1);
    ctx.return(ids);
    if (error !== undefined) throw new RangeError(error);
  }

  /** Its operations leave behind what JSON cannot hold. */
  @Entity()
  unfit(ctx: EntityContext<unknown>): void {
    if (ctx.operationName === 'keep') ctx.setState(ctx.getInput());
    else if (ctx.operationName === 'state') ctx.setState({ total: 1n });
    else if (ctx.operationName === 'result') ctx.return({ total: 1n });
  }
}

interface Errand {
  readonly signals?: readonly Operation[];
  readonly starts?: readonly (readonly [string, EntityStartOptions?])[];
  readonly error?: string;
}

interface Balance {
  balance: number;
  openedAt?: Date | string;
}

abstract class Account extends TaskEntity<Balance> {
  override initializeState(): Balance {
    return { balance: 0 };
  }

  deposit(amount: number): number {
    this.state.balance += amount;
    return this.state.balance;
  }

  /** Asynchronous; changes the state before it fails. */
  async withdraw(amount: number): Promise<number> {
    const left = this.deposit(-amount);
    await new Promise(setImmediate);
    if (left < 0) throw new RangeError(`${-left} are missing`);
    return left;
  }
}

/** Class form, with everything that is no operation. */
@Entity()
class BankAccount extends Account implements OnModuleInit, OnModuleDestroy {
  constructor(private readonly rates: Rates) {
    super();
  }

  addInterest(): number {
    return this.deposit((this.state.balance * this.rates.perHundred) / 100);
  }

  whoAmI(): unknown {
    const { entityId, operationName, isNewlyConstructed } = this.context;
    return { entityId, operationName, isNewlyConstructed };
  }

  replace(balance: number): void {
    this.state = { balance };
  }

  open(): string {
    this.state.openedAt = new Date(0);
    return typeof this.state.openedAt;
  }

  openedAtType(): string {
    return typeof this.state.openedAt;
  }

  close(): number {
    this.context.destructOnExit();
    return this.state.balance;
  }

  _audit(): void {
    this.rates.forbidden.push('_audit');
  }

  onModuleInit(): void {
    this.rates.forbidden.push('onModuleInit');
  }

  onModuleDestroy(): void {
    this.rates.forbidden.push('onModuleDestroy');
  }
}

/** Defines `delete`: it only closes. */
@Entity({ name: 'Archive' })
class Files extends TaskEntity<string[]> {
  override initializeState(): string[] {
    return [];
  }

  add(file: string): number {
    return this.state.push(file);
  }

  delete(): string {
    this.state = ['deleted'];
    return 'archived';
  }
}

/** Fields beside the state, and an await between writing and reading them. */
@Entity()
class Meter extends TaskEntity<number[]> {
  #reading = 0;
  unit = '';

  constructor(private readonly gates: Gates) {
    super();
  }

  override initializeState(): number[] {
    return [];
  }

  async measure({ reading, gate }: { reading: number; gate: string }): Promise<unknown> {
    this.#reading = reading;
    this.unit = this.context.entityKey;
    await this.gates.pass(gate);
    this.state.push(this.#reading);
    return { reading: this.#reading, unit: this.unit, state: this.state, key: this.context.entityKey };
  }
}

@Injectable()
class Orchestrators {
  @Orchestrator()
  started(_ctx: OrchestrationContext, input: unknown): unknown {
    return { input };
  }

  @Orchestrator({ name: 'versioned', version: '2' })
  second(ctx: OrchestrationContext): string {
    return `second, as ${String(ctx.version)}`;
  }
}

const scenario = useScenarios({ providers: [Rates, Functions, BankAccount, Files, Meter, EntityCallers, Orchestrators] });

/** What no id may hold. */
const FORBIDDEN = ['/', '\\', '#', '?', '\n', '\u0000', '\u007f'];

const failed = (answer: unknown): FailureDetails => (answer as { failed: FailureDetails }).failed;

/** The ids of the entities that exist of a scenario, as text. */
async function listed({ client, id }: ScenarioRun): Promise<string[]> {
  const ids: string[] = [];
  for await (const { entityId } of client.listEntitiesAll()) if (entityId.key.startsWith(id(''))) ids.push(String(entityId));
  return ids;
}

/** The output of an instance that an entity starts: it comes to be soon after the operation. */
async function outputOf({ until, output }: ScenarioRun, instanceId: string): Promise<unknown> {
  await until(instanceId, () => true);
  return await output(instanceId);
}

describe('ids', () => {
  scenario('[N1] are written @name@key; the name ignores case, the key does not', async (run) => {
    const { client, id, stateBecomes } = run;
    const [lower, upper] = [new EntityId('bankAccount', id('key')), new EntityId('BANKACCOUNT', id('KEY'))];
    expect([String(lower), String(upper), lower.name, upper.key]).toEqual([`@bankaccount@${id('key')}`, `@bankaccount@${id('KEY')}`, 'bankaccount', id('KEY')]);
    await client.signalEntity(lower, 'deposit', 1);
    await client.signalEntity(upper, 'deposit', 2);
    await client.signalEntity(EntityId.parse(`@bAnKaCcOuNt@${id('key')}`), 'deposit', 4);
    await stateBecomes(lower, { balance: 5 });
    await stateBecomes(upper, { balance: 2 });
    expect(await listed(run)).toEqual([String(upper), String(lower)]);
  });

  scenario('[N1] keys may hold whatever the rules allow, and are compared exactly', async (run) => {
    const keys = ['', ' ', '@', '@a', '%', '_', "'", '"', 'ä', 'a\u0308', 'ß', 'ss', '😀', '.', '🏁'.repeat(20)].map((key) => id(key));
    function id(key: string): string {
      return run.id(`key${key}`);
    }
    const longest = run.id('').padEnd(255 - '@box@'.length, 'x');
    const all = [...keys, longest];
    for (const key of all) await run.client.signalEntity(new EntityId('box', key), 'put', key);
    for (const key of all) await run.stateBecomes(new EntityId('box', key), key);
    expect(await listed(run)).toHaveLength(all.length);
    expect(await callEntity(run, new EntityId('box', longest), 'get')).toEqual({ exists: true, state: longest, type: 'string' });
  });

  scenario('[N1] of entities are refused when they break the rules', async ({ id }) => {
    const bad: [string, string][] = [['', 'a'], ['a', ''], ['a@b', 'c'], ['a', 'x'.repeat(253)], ...FORBIDDEN.map((char): [string, string] => ['a', id(char)])];
    for (const [name, key] of bad) expect(() => new EntityId(name, key)).toThrow(expect.objectContaining({ name: 'InvalidInstanceIdError' }));
    for (const text of ['counter', '@counter', 'counter@a', '@@a', '']) expect(() => EntityId.parse(text)).toThrow(expect.objectContaining({ name: 'InvalidInstanceIdError' }));
  });

  scenario('[N1] of instances must not begin with @, exceed 255 characters, or hold / \\ # ? or control characters', async ({ client, id, run }) => {
    const bad = ['@box@a', '@', 'x'.repeat(256), ...FORBIDDEN.map((char) => id(`a${char}b`))];
    for (const instanceId of bad) await expect(client.startNew('started', { instanceId })).rejects.toMatchObject({ name: 'InvalidInstanceIdError' });
    expect(await run('started', 1, { instanceId: id('an@b').padEnd(255, 'x') })).toMatchObject({ output: { input: 1 } });
  });
});

describe('the function form', () => {
  scenario('[N2] its context knows name, key, id, operation and input, and whether the entity is new', async (run) => {
    const entity = new EntityId('Inspector', run.id('Key'));
    const known = { entityName: 'inspector', entityKey: run.id('Key'), entityId: `@inspector@${run.id('Key')}` };
    expect(await callEntities(run, [entity, 'lookAt', { a: [1] }], [entity, 'LOOKAT'])).toEqual([
      { ...known, operationName: 'lookAt', isNewlyConstructed: true, input: { a: [1] } },
      { ...known, operationName: 'LOOKAT', isNewlyConstructed: false },
    ]);
  });

  scenario('[N2] getState gives the state, or what the initializer makes, which is not stored', async (run) => {
    const entity = new EntityId('box', run.id('a'));
    const empty = { exists: false, state: null, type: 'undefined' };
    expect(await callEntities(run, [entity, 'initialize', 5], [entity, 'get'], [entity, 'put', 7], [entity, 'initialize', 5], [entity, 'get'])).toEqual([
      [5, null], empty, 'put', [7, 7], { exists: true, state: 7, type: 'number' },
    ]);
  });

  scenario('[N2] the state is what setState was given, as JSON: what is changed in place without it is not kept', async (run) => {
    const entity = new EntityId('box', run.id('a'));
    expect(await callEntities(run, [entity, 'put', { at: new Date(0) }], [entity, 'change in place'], [entity, 'get'])).toEqual([
      'put', { at: new Date(0).toJSON(), changed: true }, { exists: true, state: { at: new Date(0).toJSON() }, type: 'object' },
    ]);
  });

  scenario('[N2] return gives the caller a result, the last one counts; without it there is none', async (run) => {
    const [box, unfit] = [new EntityId('box', run.id('a')), new EntityId('unfit', run.id('a'))];
    expect(await callEntities(run, [box, 'return twice'], [unfit, 'keep', 1])).toEqual(['second', null]);
  });

  scenario('[N2] it may be asynchronous, is a method of its provider, and has a name of its own', async (run) => {
    const entity = new EntityId('savings', run.id('a'));
    expect(await callEntities(run, [entity, 'add', 100], [entity, 'add', 100])).toEqual([103, 206]);
    expect(await run.state(entity)).toBe(206);
  });

  scenario('[N2] [N6] destructOnExit deletes the state when the operation has ended', async (run) => {
    const entity = new EntityId('box', run.id('a'));
    expect(await callEntities(run, [entity, 'put', 'soon gone'], [entity, 'exit'])).toEqual(['put', ['soon gone', false]]);
    expect(await run.client.readEntityState(entity)).toEqual({ entityExists: false });
    expect(await listed(run)).toEqual([]);
    expect(await callEntity(run, entity, 'get')).toEqual({ exists: false, state: null, type: 'undefined' });
  });

  scenario('[N2] signalEntity reaches other entities, in order, and the entity itself', async (run) => {
    const [messenger, files, account] = [new EntityId('messenger', run.id('a')), new EntityId('archive', run.id('a')), new EntityId('bankaccount', run.id('a'))];
    const signals: Operation[] = [[files, 'add', 'x'], [account, 'deposit', 5], [files, 'add', 'y'], [messenger, 'again', {}]];
    expect(await callEntity(run, messenger, 'run', { signals })).toEqual([]);
    await run.stateBecomes(files, ['x', 'y']);
    await run.stateBecomes(account, { balance: 5 });
    await run.stateBecomes(messenger, 2);
  });

  scenario('[N2] startNew starts orchestrations, with the id that it answers, input, tags and version', async (run) => {
    const starts = [['started'], ['started', { input: 0, instanceId: run.id('started'), tags: { by: 'entity' } }], ['versioned', { version: '2' }]];
    const ids = (await callEntity(run, new EntityId('messenger', run.id('a')), 'run', { starts })) as string[];
    expect(ids[1]).toBe(run.id('started'));
    expect(new Set(ids).size).toBe(3);
    expect(await Promise.all(ids.map((id) => outputOf(run, id)))).toEqual([{}, { input: 0 }, 'second, as 2']);
    expect(await run.client.getStatus(run.id('started'))).toMatchObject({ tags: { by: 'entity' } });
  });

  scenario('[N2] startNew with startAt does not start before its time', async (run) => {
    const startAt = new Date(Date.now() + run.clock.skew + 60_000);
    const starts = [['started', { instanceId: run.id('later'), startAt }], ['started', { instanceId: run.id('now') }]];
    expect(await callEntity(run, new EntityId('messenger', run.id('a')), 'run', { starts })).toEqual([run.id('later'), run.id('now')]);
    await outputOf(run, run.id('now'));
    await run.until(run.id('later'), ({ runtimeStatus }) => runtimeStatus === 'Pending');
    run.clock.advance(60_000);
    await run.output(run.id('later'));
  });
});

describe('the class form', () => {
  scenario('[N3] each method is an operation: its return value is the result, the state begins with initializeState', async (run) => {
    const entity = new EntityId('BankAccount', run.id('a'));
    expect(await callEntities(run, [entity, 'deposit', 50], [entity, 'withdraw', 20], [entity, 'replace', 7], [entity, 'deposit', 1])).toEqual([50, 30, null, 8]);
    expect(await run.state(entity)).toEqual({ balance: 8 });
  });

  scenario('[N3] names of operations are compared case-insensitively', async (run) => {
    const entity = new EntityId('bankaccount', run.id('a'));
    expect(await callEntities(run, [entity, 'DEPOSIT', 1], [entity, 'deposit', 2], [entity, 'dEpOsIt', 4])).toEqual([1, 3, 7]);
  });

  scenario('[N3] `context` is the EntityContext', async (run) => {
    const entity = new EntityId('bankaccount', run.id('a'));
    const entityId = String(entity);
    expect(await callEntities(run, [entity, 'whoami'], [entity, 'deposit', 1], [entity, 'whoAmI'])).toEqual([
      { entityId, operationName: 'whoami', isNewlyConstructed: true }, 1, { entityId, operationName: 'whoAmI', isNewlyConstructed: false },
    ]);
  });

  scenario('[N3] the state crosses as JSON between operations: a Date arrives as a string, warm or cold', async (run) => {
    const entity = new EntityId('bankaccount', run.id('a'));
    expect(await callEntities(run, [entity, 'open'], [entity, 'openedAtType'])).toEqual(['object', 'string']);
  });

  scenario('[N3] dependencies are injected, and are never part of the state', async (run) => {
    const entity = new EntityId('bankaccount', run.id('a'));
    expect(await callEntities(run, [entity, 'deposit', 100], [entity, 'addInterest'])).toEqual([100, 103]);
    expect(await run.state(entity)).toEqual({ balance: 103 });
  });

  scenario('[N3] no operations: the constructor, what TaskEntity has, lifecycle hooks, underscored methods, #private ones, and what is not there', async (run) => {
    const entity = new EntityId('bankaccount', run.id('a'));
    run.get(Rates).forbidden.length = 0;
    const names = ['constructor', 'initializeState', 'state', 'context', 'onModuleInit', 'onModuleDestroy', '_audit', '_AUDIT', 'rates', 'toString', '__proto__', 'missing'];
    const answers = await callEntities(run, ...names.map((name): Operation => [entity, name]));
    for (const [index, name] of names.entries()) {
      const { errorMessage } = failed(answers[index]);
      expect(errorMessage).toContain(`'${name}'`);
      expect(errorMessage).toContain(String(entity));
      for (const known of ['addInterest', 'close', 'deposit', 'open', 'replace', 'whoAmI', 'withdraw']) expect(errorMessage).toContain(known);
    }
    const meter = new EntityId('meter', run.id('a'));
    expect(failed(await callEntity(run, meter, '#reading')).errorMessage).toContain("'#reading'");
    expect(run.get(Rates).forbidden).toEqual([]);
    expect(await listed(run)).toEqual([]);
  });

  scenario('[N3] [N6] `delete` is implied, and deletes the state', async (run) => {
    const entity = new EntityId('bankaccount', run.id('a'));
    expect(await callEntities(run, [entity, 'deposit', 1], [entity, 'Delete'])).toEqual([1, null]);
    expect(await run.client.readEntityState(entity)).toEqual({ entityExists: false });
    expect(await listed(run)).toEqual([]);
    expect(await callEntity(run, entity, 'deposit', 2)).toBe(2);
    expect(await listed(run)).toEqual([String(entity)]);
  });

  scenario('[N3] [N2] destructOnExit deletes the state, whatever the operation has made of it', async (run) => {
    const entity = new EntityId('bankaccount', run.id('a'));
    expect(await callEntities(run, [entity, 'deposit', 1], [entity, 'close'], [entity, 'deposit', 5])).toEqual([1, 1, 5]);
  });

  scenario('[N3] a class may define `delete` itself', async (run) => {
    const entity = new EntityId('archive', run.id('a'));
    expect(await callEntities(run, [entity, 'add', 'x'], [entity, 'delete'])).toEqual([1, 'archived']);
    expect(await run.state(entity)).toEqual(['deleted']);
  });

  scenario('[N3] keys never share fields, #private ones included, also when their operations interleave', async (run) => {
    const { id, gates, start, output } = run;
    const keys = [id('a'), id('b')];
    for (const [index, key] of keys.entries()) {
      await start('callEntities', [[new EntityId('meter', key), 'measure', { reading: index + 1, gate: key }]], { instanceId: `${key}-caller` });
    }
    for (const key of keys) await gates.reached(key);
    for (const key of keys.toReversed()) gates.open(key);
    for (const [index, key] of keys.entries()) {
      const reading = index + 1;
      expect(await output(`${key}-caller`)).toEqual([{ reading, unit: key, key, state: [reading] }]);
    }
  });
});

describe('failures', () => {
  scenario('[N5] an operation that throws leaves the state as before it; the caller gets the error', async (run) => {
    const entity = new EntityId('bankaccount', run.id('a'));
    const answers = await callEntities(run, [entity, 'deposit', 10], [entity, 'withdraw', 15], [entity, 'withdraw', 4]);
    expect(answers).toMatchObject([10, { failed: { errorType: 'RangeError', errorMessage: '5 are missing' } }, 6]);
    expect(await run.state(entity)).toEqual({ balance: 6 });
  });

  scenario('[N5] the first operation may fail: then there is no entity', async (run) => {
    const [account, box] = [new EntityId('bankaccount', run.id('a')), new EntityId('box', run.id('a'))];
    const answers = await callEntities(run, [account, 'withdraw', 1], [box, 'burn']);
    expect(answers).toMatchObject([{ failed: { errorMessage: '1 are missing' } }, { failed: { errorMessage: 'a box cannot burn' } }]);
    expect(await listed(run)).toEqual([]);
  });

  scenario('[N5] its signals and starts are discarded; those of the operations around it are not', async (run) => {
    const [messenger, files] = [new EntityId('messenger', run.id('a')), new EntityId('archive', run.id('a'))];
    const errand = (label: string, error?: string): Errand => ({ signals: [[files, 'add', label]], starts: [['started', { instanceId: run.id(label) }]], error });
    const answers = await callEntities(run, [messenger, 'run', errand('before')], [messenger, 'run', errand('bad', 'lost')], [messenger, 'run', errand('after')]);
    expect(answers).toMatchObject([[run.id('before')], { failed: { errorType: 'RangeError', errorMessage: 'lost' } }, [run.id('after')]]);
    // In the order sent: what was sent before is there as well.
    await run.stateBecomes(files, ['before', 'after']);
    for (const label of ['before', 'after']) await outputOf(run, run.id(label));
    expect(await run.client.getStatus(run.id('bad'))).toBeNull();
    expect(await run.state(messenger)).toBe(2);
  });

  scenario('[N5] a signaller does not get the error: it is logged', async (run) => {
    const entity = new EntityId('bankaccount', run.id('a'));
    await run.output(await run.start('signalEntities', [[entity, 'deposit', 1], [entity, 'withdraw', 3], [entity, 'deposit', 1]]));
    await run.stateBecomes(entity, { balance: 2 });
    await run.eventually(() => run.logged(String(entity)).length > 0);
    expect(run.logged(String(entity))).toEqual([{ level: 'error', text: expect.stringMatching(/withdraw.*2 are missing/s) }]);
  });

  scenario('[N5] [A2] whatever is thrown gives failure details', async (run) => {
    const entity = new EntityId('box', run.id('a'));
    const answers = await callEntities(run, [entity, 'throw text', 'only text'], [entity, 'throw text']);
    expect(answers).toEqual([0, 1].map(() => ({ failed: expect.objectContaining({ errorType: expect.any(String), errorMessage: expect.any(String) }) })));
    expect(failed(answers[0]).errorMessage).toContain('only text');
    expect(await listed(run)).toEqual([]);
  });

  scenario('[N5] state and results that JSON cannot hold are failures', async (run) => {
    const entity = new EntityId('unfit', run.id('a'));
    const answers = await callEntities(run, [entity, 'keep', 'good'], [entity, 'state'], [entity, 'result'], [entity, 'keep', 'better']);
    expect(answers).toMatchObject([null, { failed: { errorType: 'SerializationError' } }, { failed: { errorType: 'SerializationError' } }, null]);
    expect(await run.state(entity)).toBe('better');
  });
});

describe('falsy values', () => {
  for (const value of [0, '', false, null]) {
    scenario(`[N6] [O4] ${JSON.stringify(value)} is a state, an input and a result`, async (run) => {
      const entity = new EntityId('box', run.id('a'));
      expect(await callEntities(run, [entity, 'put', value], [entity, 'get'], [entity, 'return input', value])).toEqual([
        'put', { exists: true, state: value, type: typeof value }, value,
      ]);
      await run.stop();
      await run.startAgain();
      expect(await run.client.readEntityState(entity)).toEqual({ entityExists: true, entityState: value });
      expect(await callEntity(run, entity, 'get')).toEqual({ exists: true, state: value, type: typeof value });
      expect(await listed(run)).toEqual([String(entity)]);
    });
  }

  scenario('[N6] an entity whose state was deleted disappears when nobody has it locked and nothing waits for it', async (run) => {
    const entity = new EntityId('box', run.id('a'));
    await callEntities(run, [entity, 'put', 1], [entity, 'exit']);
    expect(await run.entityRows(entity)).toEqual({ messages: 0, queued: 0, timers: 0 });
  });
});
