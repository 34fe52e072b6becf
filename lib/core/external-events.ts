import type { EventRaised, Serialized } from './history.js';

/** Somebody who waits for an event. */
export interface EventWaiter {
  readonly isCompleted: boolean;
  receive(data: Serialized): void;
}

interface Buffered {
  readonly sequence: number;
  readonly event: EventRaised;
}

/** What is there under one name. `head` is the first buffered event that nobody has taken yet. */
interface Mailbox {
  readonly waiters: EventWaiter[];
  buffered: Buffered[];
  head: number;
}

/** The external events of one execution and those who wait for them [E1, E2]. */
export class ExternalEvents {
  private readonly mailboxes = new Map<string, Mailbox>();
  private sequence = 0;

  /** Hands an event to the newest waiter of its name, or keeps it. */
  raise(event: EventRaised): void {
    const mailbox = this.mailbox(event.name);
    dropCompleted(mailbox.waiters);
    const waiter = mailbox.waiters.pop();
    if (waiter) waiter.receive(event.input);
    else mailbox.buffered.push({ sequence: this.sequence++, event });
  }

  /** Gives the oldest kept event of this name to the waiter, or lets it wait; answers whether there was one. */
  wait(name: string, waiter: EventWaiter): boolean {
    const mailbox = this.mailbox(name);
    const next = mailbox.buffered[mailbox.head];
    if (next) {
      takeFirst(mailbox);
      waiter.receive(next.event.input);
      return true;
    }
    // Waiters that ended below an open one stay until it goes: they are few, for new ones come on top.
    dropCompleted(mailbox.waiters);
    mailbox.waiters.push(waiter);
    return false;
  }

  /** The events that nobody has taken, of all names, in the order in which they came [C1]. */
  unprocessed(): EventRaised[] {
    return [...this.mailboxes.values()]
      .flatMap((mailbox) => mailbox.buffered.slice(mailbox.head))
      .sort((a, b) => a.sequence - b.sequence)
      .map(({ event }) => event);
  }

  private mailbox(name: string): Mailbox {
    const key = name.toLowerCase();
    let mailbox = this.mailboxes.get(key);
    if (!mailbox) {
      mailbox = { waiters: [], buffered: [], head: 0 };
      this.mailboxes.set(key, mailbox);
    }
    return mailbox;
  }
}

function dropCompleted(waiters: EventWaiter[]): void {
  while (waiters.at(-1)?.isCompleted) waiters.pop();
}

function takeFirst(mailbox: Mailbox): void {
  mailbox.head += 1;
  if (mailbox.head * 2 < mailbox.buffered.length) return;
  mailbox.buffered = mailbox.buffered.slice(mailbox.head);
  mailbox.head = 0;
}
