import { TaskBase } from './task-base.js';

/** What is called after continueAsNew: it never completes [C2]. */
export class IgnoredTask extends TaskBase<any> {
  constructor(owner: object) {
    super(owner, 'call after continueAsNew');
  }

  cancel(): void {}
}
