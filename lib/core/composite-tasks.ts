/** `ctx.all`, `ctx.any` and `ctx.allSettled` [O5–O7]. Each child is looked at once: n children cost O(n). */
import { TaskBase, type TaskParent } from './task-base.js';
import type { SettledResult } from './task.js';

type Child = TaskBase<unknown>;

abstract class CompositeTask<T> extends TaskBase<T> implements TaskParent {
  private open = 0;

  constructor(
    owner: object,
    name: string,
    protected readonly children: readonly Child[],
  ) {
    super(owner, `ctx.${name} of ${children.length} tasks`);
  }

  /** To be called once, by the factories below: takes up the children that are complete already, in order. */
  join(): this {
    for (const child of this.children) {
      if (child.isCompleted) this.decide(child);
      else if (child.addParent(this)) this.open += 1;
      if (this.isCompleted) break;
    }
    if (!this.isCompleted && this.open === 0) this.finish();
    if (this.isCompleted) this.leave();
    return this;
  }

  childCompleted(child: Child): boolean {
    if (this.isCompleted) return false;
    this.open -= 1;
    this.decide(child);
    if (!this.isCompleted && this.open === 0) this.finish();
    if (this.isCompleted) this.leave();
    return this.isCompleted;
  }

  /** Completes the task when this child alone settles it. */
  protected abstract decide(child: Child): void;

  /** Completes the task after its last child. */
  protected abstract finish(): void;

  private leave(): void {
    if (this.open === 0) return;
    for (const child of this.children) child.removeParent(this);
  }
}

class AllTask extends CompositeTask<unknown[]> {
  protected decide(child: Child): void {
    if (child.isFaulted || child.isCanceled) this.markFailed(child.error);
  }

  protected finish(): void {
    this.markSucceeded(this.children.map((child) => child.result));
  }
}

class AnyTask extends CompositeTask<Child> {
  protected decide(child: Child): void {
    this.markSucceeded(child);
  }

  protected finish(): void {}
}

class AllSettledTask extends CompositeTask<SettledResult<unknown>[]> {
  protected decide(): void {}

  protected finish(): void {
    this.markSucceeded(
      this.children.map((child) =>
        child.isFaulted || child.isCanceled
          ? { status: 'rejected', reason: child.error }
          : { status: 'fulfilled', value: child.result },
      ),
    );
  }
}

const COMPOSITES = { all: AllTask, any: AnyTask, allSettled: AllSettledTask };

/** Makes the task behind `ctx.all`, `ctx.any` or `ctx.allSettled`. */
export function compose(kind: keyof typeof COMPOSITES, owner: object, children: readonly TaskBase<unknown>[]): TaskBase<unknown> {
  return new COMPOSITES[kind](owner, kind, children).join();
}
