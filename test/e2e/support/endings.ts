import type { DurableTask, Orchestration, OrchestrationContext } from 'nestjs-durable';

/** The names of these tasks, in the order in which an orchestrator learns that they have ended. */
export function* endings(ctx: OrchestrationContext, tasks: Readonly<Record<string, DurableTask<unknown>>>): Orchestration<string[]> {
  const open = new Map(Object.entries(tasks).map(([name, task]) => [task, name]));
  const order: string[] = [];
  while (open.size > 0) {
    const done = yield* ctx.any([...open.keys()]);
    order.push(open.get(done)!);
    open.delete(done);
  }
  return order;
}
