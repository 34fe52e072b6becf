import { Injectable } from '@nestjs/common';
import { Activity, Orchestrator, type ActivityContext, type Orchestration, type OrchestrationContext } from 'nestjs-durable';
import { endings } from '../support/endings.js';
import { Gates } from '../support/harness.js';

/** The handlers that the client's scenarios start and steer. */
@Injectable()
export class Subject {
  /** Why the signals of `heldUntilAborted` were aborted, by gate. */
  readonly aborted = new Map<string, unknown>();
  /** Inputs of `counted`, each time it ran. */
  readonly ran: string[] = [];

  constructor(private readonly gates: Gates) {}

  @Activity()
  async held(gate: string): Promise<string> {
    await this.gates.pass(gate);
    return gate;
  }

  /** Comes to the gate at once, and once more, under `<gate> aborted`, when its signal says so. */
  @Activity()
  async heldUntilAborted(gate: string, ctx: ActivityContext): Promise<string> {
    ctx.signal.addEventListener('abort', () => {
      this.aborted.set(gate, ctx.signal.reason);
      void this.gates.pass(`${gate} aborted`);
    });
    await this.gates.pass(gate);
    return gate;
  }

  @Activity()
  count(input: string): void {
    this.ran.push(input);
  }

  @Orchestrator()
  returns(_ctx: OrchestrationContext, input: unknown): unknown {
    return input;
  }

  @Orchestrator()
  fails(_ctx: OrchestrationContext, message: string): unknown {
    throw new RangeError(message);
  }

  /** Runs until an event 'go' comes, whose data is the output. */
  @Orchestrator()
  *waits(ctx: OrchestrationContext, input?: unknown): Orchestration<unknown> {
    ctx.setCustomStatus({ waitsWith: input ?? null });
    return yield* ctx.waitForExternalEvent('go');
  }

  @Orchestrator()
  *counted(ctx: OrchestrationContext, input: string): Orchestration<string> {
    yield* ctx.callActivity('count', input);
    return input;
  }

  /** Waits for an activity, a timer of a minute and an event 'go' at once. */
  @Orchestrator()
  *waitsForAll(ctx: OrchestrationContext, gate: string): Orchestration<string[]> {
    return yield* endings(ctx, {
      activity: ctx.callActivity('heldUntilAborted', gate),
      timer: ctx.createTimer(60_000),
      event: ctx.waitForExternalEvent('go'),
    });
  }

  /** Its child has the id `<own id>-child`. */
  @Orchestrator()
  *hasChild(ctx: OrchestrationContext, name = 'waits'): Orchestration<unknown> {
    return yield* ctx.callSubOrchestrator(name, 'called', { instanceId: `${ctx.instanceId}-child` });
  }

  /** Continues as new with each event 'go', for ever. */
  @Orchestrator()
  *renews(ctx: OrchestrationContext): Orchestration<void> {
    yield* ctx.waitForExternalEvent('go');
    ctx.continueAsNew('renewed');
  }

  /** A tree: each instance holds an activity and calls `width` sub-orchestrations of the depth below, `<own id>.0` and so on. */
  @Orchestrator()
  *tree(ctx: OrchestrationContext, { depth, width, patient }: { depth: number; width: number; patient?: boolean }): Orchestration<string> {
    const children = Array.from({ length: depth === 0 ? 0 : width }, (_, index) =>
      ctx.callSubOrchestrator('tree', { depth: depth - 1, width }, { instanceId: `${ctx.instanceId}.${index}` }),
    );
    const tasks = [ctx.callActivity('heldUntilAborted', ctx.instanceId), ...children];
    yield patient ? ctx.allSettled(tasks) : ctx.all(tasks);
    return 'grown';
  }

  /** Returns while an activity runs, which waits at the gate. */
  @Orchestrator()
  *leavesWork(ctx: OrchestrationContext, gate: string): Orchestration<string> {
    ctx.callActivity('held', gate);
    yield* ctx.waitForExternalEvent('go');
    return 'left';
  }

  @Orchestrator()
  countsDown(ctx: OrchestrationContext, from: number): string | undefined {
    if (from === 0) return 'ended with 0';
    ctx.continueAsNew(from - 1);
    return undefined;
  }

  /** Two generations: the first calls the sub-orchestration `<own id>.2`, the last one `<own id>.1 first` and `<own id>.1 second`. */
  @Orchestrator()
  *callsInGenerations(ctx: OrchestrationContext, generation: number): Orchestration<string> {
    const ids = generation === 2 ? ['2'] : ['1 first', '1 second'];
    yield* ctx.all(ids.map((each) => ctx.callSubOrchestrator('returns', each, { instanceId: `${ctx.instanceId}.${each}` })));
    if (generation === 2) ctx.continueAsNew(1);
    return 'ended';
  }

  @Orchestrator({ name: 'versioned', version: '2' })
  second(ctx: OrchestrationContext): string {
    return `second, as ${String(ctx.version)}`;
  }

  @Orchestrator({ name: 'versioned' })
  unversioned(ctx: OrchestrationContext): string {
    return `unversioned, as ${String(ctx.version)}`;
  }
}
