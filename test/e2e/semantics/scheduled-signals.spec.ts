/** Signals that are to be carried out later [N7]. */
import { Injectable } from '@nestjs/common';
import { EntityId, Orchestrator, type Orchestration, type OrchestrationContext } from 'nestjs-durable';
import { callEntities, callEntity, listEntities } from '../support/entity-callers.js';
import { useScenarios } from '../support/harness.js';
import { Desk, DESKS } from './desk.js';

const minute = 60_000;
const day = 86_400_000;

@Injectable()
class Orchestrators {
  @Orchestrator()
  *schedules(ctx: OrchestrationContext, { key, delays }: { key: string; delays: number[] }): Orchestration<void> {
    const now = ctx.currentUtcDateTime.getTime();
    for (const delay of delays) ctx.entity(Desk, key).signal.note(delay, { scheduledTime: new Date(now + delay) });
    ctx.signalEntity(new EntityId('desk', key), 'note', 'by name', { scheduledTime: new Date(now + day) });
    yield* ctx.callActivity('echo', 1);
  }
}

const scenario = useScenarios({ providers: [...DESKS, Orchestrators] });

describe('scheduled signals', () => {
  scenario('[N7] of clients never arrive early; what is sent behind them at once does not wait', async ({ client, clock, id, stateBecomes }) => {
    const desk = new EntityId('desk', id('a'));
    await client.signalEntity(desk, 'note', 'scheduled', { scheduledTime: new Date(Date.now() + clock.skew + day) });
    clock.advance(day - minute);
    await client.signalEntity(desk, 'note', 'at once');
    await stateBecomes(desk, ['at once']);
    clock.advance(minute);
    await stateBecomes(desk, ['at once', 'scheduled']);
  });

  scenario('[N7] that are due together arrive in the order of their times, at the same time in the order sent', async (run) => {
    const { client, clock, id, stateBecomes, entityRows } = run;
    const desk = new EntityId('desk', id('a'));
    const now = Date.now() + clock.skew;
    for (const [value, delay] of [['c', 3], ['a', 1], ['b', 2], ['b too', 2], ['b three', 2]] as const) {
      await client.signalEntity(desk, 'note', value, { scheduledTime: new Date(now + delay * minute) });
    }
    await run.eventually(async () => (await entityRows(desk)).queued === 5);
    clock.advance(10 * minute);
    await stateBecomes(desk, ['a', 'b', 'b too', 'b three', 'c']);
  });

  scenario('[N7] for a time in the past arrive at once, in their order', async ({ client, id, stateBecomes }) => {
    const desk = new EntityId('desk', id('a'));
    await client.signalEntity(desk, 'note', 1);
    await client.signalEntity(desk, 'note', 2, { scheduledTime: new Date(0) });
    await client.signalEntity(desk, 'note', 3);
    await stateBecomes(desk, [1, 2, 3]);
  });

  scenario('[N7] of orchestrators, by class and by name, never arrive early', async (run) => {
    const { clock, id, start, output, stateBecomes } = run;
    const desk = new EntityId('desk', id('a'));
    await output(await start('schedules', { key: id('a'), delays: [2 * minute, minute, -minute] }));
    await stateBecomes(desk, [-minute]);
    clock.advance(minute);
    await stateBecomes(desk, [-minute, minute]);
    clock.advance(minute);
    await stateBecomes(desk, [-minute, minute, 2 * minute]);
    clock.advance(day - 3 * minute);
    expect(await callEntity(run, desk, 'read')).toHaveLength(3);
    clock.advance(minute);
    await stateBecomes(desk, [-minute, minute, 2 * minute, 'by name']);
  });

  scenario('[N7] of entities never arrive early', async (run) => {
    const { clock, id, stateBecomes } = run;
    const desk = new EntityId('desk', id('a'));
    const at = new Date(Date.now() + clock.skew + day);
    await callEntities(run, [desk, 'remind', { at, value: 'reminded' }]);
    clock.advance(day - minute);
    expect(await callEntity(run, desk, 'note', 'early')).toEqual(['early']);
    clock.advance(minute);
    await stateBecomes(desk, ['early', 'reminded']);
  });

  scenario('[N7] [N6] outlive the entity that they are for', async (run) => {
    const { client, clock, id, stateBecomes } = run;
    const desk = new EntityId('desk', id('a'));
    await callEntity(run, desk, 'note', 'soon gone');
    await client.signalEntity(desk, 'note', 'scheduled', { scheduledTime: new Date(Date.now() + clock.skew + day) });
    await run.eventually(async () => (await run.entityRows(desk)).queued === 1);
    await callEntity(run, desk, 'delete');
    expect(await client.readEntityState(desk)).toEqual({ entityExists: false });
    expect(await listEntities(run)).toEqual([]);
    clock.advance(day);
    await stateBecomes(desk, ['scheduled']);
  });

  scenario('[N7] survive a restart, and are carried out once', async (run) => {
    const { client, clock, id, stop, startAgain, stateBecomes } = run;
    const desk = new EntityId('desk', id('a'));
    const now = Date.now() + clock.skew;
    for (const delay of [1, 3]) await client.signalEntity(desk, 'note', delay, { scheduledTime: new Date(now + delay * day) });
    // It is kept until its time before the process stops.
    await run.eventually(async () => (await run.entityRows(desk)).queued === 2);
    await stop();
    clock.advance(2 * day);
    await startAgain();
    await stateBecomes(desk, [1]);
    clock.advance(day);
    await stateBecomes(desk, [1, 3]);
    expect(await callEntity(run, desk, 'read')).toEqual([1, 3]);
    expect(await run.entityRows(desk)).toMatchObject({ messages: 0, queued: 0, timers: 0 });
  });
});
