import { OrchestrationExecution, splitEpisodes, type OrchestrationContext } from '../../../lib/core/index.js';
import { completed, fired, raised, run, START, terminated, type TestOrchestrator } from '../support/episodes.js';

function* recorded(ctx: OrchestrationContext): Generator<any, any, any> {
  yield ctx.callActivity('charge', 1);
  const timer = ctx.createTimer(60_000);
  ctx.callSubOrchestrator('ship', 1, { version: '1' });
  ctx.sendEvent('other', 'shipped');
  yield timer;
}

/** The history of `recorded`, up to its timer. */
function history() {
  return run(recorded).deliver(completed(0));
}

describe('histories [Y1, Y4]', () => {
  it('[Y1] each action takes the next id in program order; [Y4] events carry the names of Azure', () => {
    expect(history().history).toEqual([
      { type: 'OrchestratorStarted', timestamp: START + 1_000 },
      { type: 'ExecutionStarted', name: 'subject' },
      { type: 'TaskScheduled', taskId: 0, name: 'charge', input: '1', callId: 0, attempt: 1 },
      { type: 'OrchestratorCompleted' },
      { type: 'OrchestratorStarted', timestamp: START + 2_000 },
      { type: 'TaskCompleted', taskId: 0 },
      { type: 'TimerCreated', taskId: 1, fireAt: START + 62_000 },
      { type: 'SubOrchestrationInstanceCreated', taskId: 2, name: 'ship', version: '1', instanceId: 'execution-1:2', input: '1', defaultId: true },
      { type: 'EventSent', taskId: 3, instanceId: 'other', name: 'shipped' },
      { type: 'OrchestratorCompleted' },
    ]);
  });

  it('splits into episodes, and tells the open one apart', () => {
    const scenario = history();
    const { episodes, open } = splitEpisodes([...scenario.history, { type: 'OrchestratorStarted', timestamp: 5 }, raised('e')]);
    expect(episodes).toMatchObject([
      { timestamp: START + 1_000, inputs: [{ type: 'ExecutionStarted' }], outputs: [{ taskId: 0 }] },
      { timestamp: START + 2_000, inputs: [{ type: 'TaskCompleted' }], outputs: [{ taskId: 1 }, { taskId: 2 }, { taskId: 3 }] },
    ]);
    expect(open).toEqual({ timestamp: 5, inputs: [raised('e')] });
    expect(splitEpisodes(scenario.history).open).toBeUndefined();
  });
});

describe('disagreement of code and history [Y1, Y2]', () => {
  it.each<[string, TestOrchestrator]>([
    ['inputs and fire times', function* (ctx) {
      yield ctx.callActivity('charge', 2);
      const timer = ctx.createTimer(1);
      ctx.callSubOrchestrator('ship', 2, { version: '1', instanceId: 'parcel' });
      ctx.sendEvent('another', 'shipped', 2);
      yield timer;
    }],
    ['the case of names', function* (ctx) {
      yield ctx.callActivity('CHARGE');
      const timer = ctx.createTimer(60_000);
      ctx.callSubOrchestrator('Ship', 1, { version: '1' });
      ctx.sendEvent('other', 'SHIPPED');
      yield timer;
    }],
  ])('[Y1] %s are not compared', (_what, code) => {
    expect(history().replayWith(code, fired(1)).status).toBe('Completed');
  });

  it.each<[string, number, RegExp, RegExp, TestOrchestrator]>([
    ['another name', 0, /activity 'charge'/, /activity 'pay'/, function* (ctx) { yield ctx.callActivity('pay'); }],
    ['another kind', 0, /activity 'charge'/, /a timer/, function* (ctx) { yield ctx.createTimer(1); }],
    ['an action left out', 1, /a timer/, /no such action/, function* (ctx) { yield ctx.callActivity('charge'); yield ctx.waitForExternalEvent('e'); }],
    ['an action more', 1, /no such action/, /activity 'audit'/, function* (ctx) { yield ctx.all([ctx.callActivity('charge'), ctx.callActivity('audit')]); }],
    ['an end too early', 1, /a timer/, /the end of the orchestrator \(Completed\)/, function* (ctx) { yield ctx.callActivity('charge'); }],
    ['an end before the history goes on', 1, /a wait/, /the end of the orchestrator \(Completed\)/, function* (ctx) { ctx.callActivity('charge'); }],
    ['continueAsNew', 1, /a timer/, /continueAsNew/, function* (ctx) { yield ctx.callActivity('charge'); ctx.continueAsNew(); }],
    ['another version', 2, /'ship' version '1'/, /'ship' version '2'/, function* (ctx) {
      yield ctx.callActivity('charge');
      ctx.createTimer(1);
      ctx.callSubOrchestrator('ship', 1, { version: '2' });
      ctx.sendEvent('other', 'shipped');
      yield ctx.waitForExternalEvent('e');
    }],
  ])('[Y2] %s fails the instance', (_what, number, held, did, code) => {
    const result = history().replayWith(code, fired(1));
    expect(result).toMatchObject({ status: 'Failed', failureDetails: { errorType: 'NonDeterminismError', properties: { taskId: number } }, outputs: [] });
    const message = result.failureDetails?.errorMessage ?? '';
    const [, holds = '', does = ''] = /its history holds (.*), but on replay the code did (.*?)\. Either/.exec(message) ?? [];
    expect(message).toContain(`Orchestrator 'subject' (Subject.subject) of instance 'instance' is not deterministic at action ${number}`);
    expect(holds).toMatch(held);
    expect(does).toMatch(did);
    expect(message).toMatch(/version|ctx\.currentUtcDateTime/);
    expect(result.events.map((event) => event.type)).toEqual(['OrchestratorStarted', 'TimerFired', 'ExecutionCompleted', 'OrchestratorCompleted']);
  });

  it('[Y2] a history that goes on after the end of its own execution fails the instance', () => {
    const scenario = run(() => 'done');
    scenario.history.push({ type: 'OrchestratorStarted', timestamp: START + 9_000 }, raised('e'), { type: 'OrchestratorCompleted' });
    expect(scenario.replayWith(() => 'done').failureDetails?.errorMessage).toContain('its history holds further episodes');
  });

  it('[Y2] an error that only the replay met is told as the inner failure', () => {
    const result = history().replayWith(function* (ctx) {
      yield ctx.callActivity('charge');
      throw new TypeError('config is undefined');
    });
    expect(result.failureDetails?.innerFailure).toMatchObject({ errorType: 'TypeError', errorMessage: 'config is undefined' });
  });

  it('[Y2] the timers that history holds are deleted, whatever the code did about them', () => {
    const changed: TestOrchestrator = function* (ctx) { yield ctx.callActivity('pay'); };
    expect(history().replayWith(changed, raised('e')).cancelledTimers).toEqual([{ taskId: 1, fireAt: START + 62_000 }]);
    expect(history().replayWith(changed, fired(1)).cancelledTimers).toEqual([]);
  });

  it('[O11] time does not go back behind episodes that were not replayed any more', () => {
    const execution = history().execution(function* (ctx) { yield ctx.callActivity('pay'); }, []);
    execution.replay(history().history);
    expect(execution.run(START, []).events[0]).toEqual({ type: 'OrchestratorStarted', timestamp: START + 2_000 });
    expect(execution.isFinished).toBe(true);
  });

  it('[Y2] also a timer that the changed code cancelled on replay', () => {
    const scenario = run(function* (ctx) {
      ctx.createTimer(60_000);
      yield ctx.waitForExternalEvent('e');
      yield ctx.callActivity('charge');
    }).deliver(raised('e'));
    const result = scenario.replayWith(function* (ctx) {
      const timer = ctx.createTimer(60_000);
      yield ctx.waitForExternalEvent('e');
      timer.cancel();
      yield ctx.callActivity('pay');
    });
    expect(result).toMatchObject({ status: 'Failed', cancelledTimers: [{ taskId: 0, fireAt: START + 61_000 }] });
  });

  it('[K6] terminate still wins', () => {
    const result = history().replayWith(function* (ctx) { yield ctx.callActivity('pay'); }, terminated('stop'));
    expect(result).toMatchObject({ status: 'Terminated', result: '"stop"' });
  });

  it('[T2] a cancelled timer is deleted under the fire time that history holds', () => {
    const result = history().replayWith(function* (ctx) {
      yield ctx.callActivity('charge');
      ctx.createTimer(5);
      ctx.callSubOrchestrator('ship', 1, { version: '1' });
      ctx.sendEvent('other', 'shipped');
      yield ctx.waitForExternalEvent('e');
    }, raised('e'));
    expect(result).toMatchObject({ status: 'Completed', cancelledTimers: [{ taskId: 1, fireAt: START + 62_000 }] });
  });

  it('[O14] a limit that was lowered does not break what was allowed', () => {
    const scenario = history();
    const execution = new OrchestrationExecution({
      instanceId: 'instance', executionId: 'execution-1', handler: recorded as never, source: 's', maxOrchestrationActions: 1, maxPayloadBytes: 100, maxTimerInterval: 1,
      partitionCount: 1, log: console, classes: { namesOf: () => new Map(), entityOf: () => ({ name: 'counter', operations: new Set() }) },
    });
    execution.replay(scenario.history);
    expect(execution.run(scenario.time, [fired(1)]).status).toBe('Completed');
  });
});
