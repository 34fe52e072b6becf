/** Protections of the engine, and how each is taken out of its compiled code. */
export interface Mutation {
  readonly name: string;
  /** What it breaks, in terms of the invariants. */
  readonly removes: string;
  readonly edits: readonly Edit[];
}

export interface Edit {
  /** In build/lib/. */
  readonly file: string;
  /** Must be there exactly once. */
  readonly text: string;
  readonly replacement: string;
}

export const MUTATIONS: readonly Mutation[] = [
  {
    name: 'write fence',
    removes: 'I2: a commit is refused when the partition has another owner',
    edits: [{ file: 'storage/statements/partitions.js', text: "() => new FenceLostError('A partition has another owner.', fences.map(({ partition }) => partition))", replacement: 'undefined' }],
  },
  {
    name: 'one transaction',
    removes: 'I1: a checkpoint is written as a whole or not at all',
    edits: [
      {
        file: 'storage/statements/commit.js',
        text: 'appendHistory(list',
        replacement: "list.write('COMMIT', []); list.write(session.dialect.begin, []); appendHistory(list",
      },
    ],
  },
  {
    name: 'effects after commit',
    removes: 'I3: activities start when the commit that asked for them is written, not before',
    edits: [
      { file: 'engine/committer.js', text: 'await this.port.store.commit(', replacement: 'for (const member of rest) member.committed(); await this.port.store.commit(' },
      { file: 'engine/committer.js', text: 'this.tell(member, () => member.committed());', replacement: ';' },
    ],
  },
  {
    name: 'consumed rows',
    removes: 'I4: a checkpoint deletes exactly the messages that it consumed',
    edits: [{ file: 'storage/statements/inbox.js', text: '[hub, partition, key, sender]), (deleted, expected)', replacement: '[hub, partition, key, sender]), undefined, (deleted, expected)' }],
  },
  {
    name: 'claim token',
    removes: 'I4: the result of an activity counts by the token of its claim',
    edits: [
      {
        file: 'storage/statements/activities.js',
        text: "list.deleteMany('durable_activities_running', [...KEY, 'claim_token'], claims.map((claim) => claimValues(hub, claim)), mismatch)",
        replacement: "list.deleteMany('durable_activities_running', KEY, claims.map((claim) => keyValues(hub, claim)), mismatch)",
      },
      { file: 'storage/statements/activities.js', text: 'claims.map(({ claimToken }) => standing.delete(claimToken))', replacement: 'claims.map(() => true)' },
    ],
  },
  {
    name: 'duplicate check',
    removes: 'I4: an answer of the inbox is filtered by what was consumed since it was asked for',
    edits: [{ file: 'engine/partition.js', text: '|| this.consumedSinceRead?.has(nameOf(key)) === true', replacement: '' }],
  },
  {
    name: 'duplicates of its own',
    removes: 'I4: what the client has sent is not handed over when a poll has brought it before and it is consumed',
    edits: [{ file: 'engine/sent-messages.js', text: 'this.unanswered.get(nameOf(message)) !== true', replacement: 'true' }],
  },
  {
    name: 'lock release',
    removes: 'L2: an orchestration that ends gives its locks back',
    edits: [{ file: 'core/action-log.js', text: 'if (!released.has(lockTaskId))', replacement: 'if (false)' }],
  },
  {
    name: 'lease margin',
    removes: 'I2: nothing external starts when the lease may have ended',
    edits: [{ file: 'engine/membership.js', text: 'return this.port.clock.monotonic() < this.renewalSentAt + this.port.leaseDuration * (1 - MARGIN);', replacement: 'return true;' }],
  },
  {
    name: 'resolved commit',
    removes: 'I2: after a lost answer the partitions\' rows tell whether the commit was written',
    edits: [{ file: 'engine/committer.js', text: "if (!answers.includes('committed'))", replacement: 'if (true)' }],
  },
  {
    name: 'resolved call',
    removes: 'I4: a client\'s call whose answer was lost is not made twice',
    edits: [{ file: 'engine/client-queue.js', text: "if (outcome === 'not-committed')", replacement: 'this.commitNo = commitNo; if (true)' }],
  },
  {
    name: 'activities of the dead',
    removes: 'I6: activities of dead workers are given to others',
    edits: [{ file: 'engine/activities.js', text: 'if (!ownership.isLive(claim.claimedBy))', replacement: 'if (false)' }],
  },
  {
    name: 'activities in doubt',
    removes: 'A4: a process that was held up asks whether its claims still stand before it begins what waits',
    edits: [
      { file: 'engine/engine-parts.js', text: 'lapsed: () => this.activities.doubtWaiting()', replacement: 'lapsed: () => {}' },
      { file: 'engine/commit-effects.js', text: "const isCertain = partition.state !== 'lost';", replacement: 'const isCertain = true;' },
    ],
  },
  {
    name: 'claims without an answer',
    removes: 'A4: claims whose answer was lost are looked for, also those that come while others are',
    edits: [{ file: 'engine/claim-checks.js', text: 'if (this.isSweeping)', replacement: 'if (false)' }],
  },
  {
    name: 'commits given up',
    removes: 'I2: a commit that was found not to be carried out never will be',
    edits: [
      { file: 'storage/statements/partitions.js', text: "outcomes[index] === 'committed' ? commitNo : voidNo(commitNo)", replacement: "outcomes[index] === 'committed' ? commitNo : fences[index].previousCommitNo" },
      { file: 'engine/committer.js', text: 'partition.voided(fence)', replacement: 'void 0' },
    ],
  },
];
