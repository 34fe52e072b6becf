/** The two forms of entities: methods of a provider, and classes. */
import { EntityId } from 'nestjs-durable';
import { callEntities, callEntity, EntityCallers, failureOf, listEntities, outputOfStarted, type Operation } from '../support/entity-callers.js';
import { useScenarios } from '../support/harness.js';
import { ENTITY_SUBJECTS, Rates } from './entity-subjects.js';

const scenario = useScenarios({ providers: [...ENTITY_SUBJECTS, EntityCallers] });

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
    expect(await listEntities(run)).toEqual([]);
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
    expect(await Promise.all(ids.map((id) => outputOfStarted(run, id)))).toEqual([{}, { input: 0 }, 'second, as 2']);
    expect(await run.client.getStatus(run.id('started'))).toMatchObject({ tags: { by: 'entity' } });
  });

  scenario('[N2] startNew with startAt does not start before its time', async (run) => {
    const startAt = new Date(Date.now() + run.clock.skew + 60_000);
    const starts = [['started', { instanceId: run.id('later'), startAt }], ['started', { instanceId: run.id('now') }]];
    expect(await callEntity(run, new EntityId('messenger', run.id('a')), 'run', { starts })).toEqual([run.id('later'), run.id('now')]);
    await outputOfStarted(run, run.id('now'));
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
      const { errorMessage } = failureOf(answers[index]);
      expect(errorMessage).toContain(`'${name}'`);
      expect(errorMessage).toContain(String(entity));
      for (const known of ['addInterest', 'close', 'deposit', 'open', 'replace', 'whoAmI', 'withdraw']) expect(errorMessage).toContain(known);
    }
    const meter = new EntityId('meter', run.id('a'));
    expect(failureOf(await callEntity(run, meter, '#reading')).errorMessage).toContain("'#reading'");
    expect(run.get(Rates).forbidden).toEqual([]);
    expect(await listEntities(run)).toEqual([]);
  });

  scenario('[N3] [N6] `delete` is implied, and deletes the state', async (run) => {
    const entity = new EntityId('bankaccount', run.id('a'));
    expect(await callEntities(run, [entity, 'deposit', 1], [entity, 'Delete'])).toEqual([1, null]);
    expect(await run.client.readEntityState(entity)).toEqual({ entityExists: false });
    expect(await listEntities(run)).toEqual([]);
    expect(await callEntity(run, entity, 'deposit', 2)).toBe(2);
    expect(await listEntities(run)).toEqual([String(entity)]);
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
