import { Injectable } from '@nestjs/common';

/** What a scenario waits for comes in milliseconds; later than this it is taken for stuck, ms. */
export const PATIENCE = 10_000;

interface Gate {
  readonly reached: Promise<void>;
  readonly opened: Promise<void>;
  reach(): void;
  open(): void;
}

/** Where activities and operations of entities wait for the scenario, and the scenario for them. Each scenario begins with all gates closed. */
@Injectable()
export class Gates {
  private readonly gates = new Map<string, Gate>();

  /** For activities and operations: tells the scenario that they are here, and waits until it opens the gate. */
  pass(name: string): Promise<void> {
    const gate = this.gate(name);
    gate.reach();
    return gate.opened;
  }

  /** For scenarios: resolves when somebody is at the gate, or has passed it. */
  async reached(name: string): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`Nobody came to the gate '${name}'.`)), PATIENCE);
    });
    try {
      await Promise.race([this.gate(name).reached, late]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Lets everybody pass from now on, also those who come later. */
  open(name: string): void {
    this.gate(name).open();
  }

  /** Opens what is closed, so that nothing of a scenario stays behind, and closes all anew. */
  reset(): void {
    for (const gate of this.gates.values()) gate.open();
    this.gates.clear();
  }

  private gate(name: string): Gate {
    let gate = this.gates.get(name);
    if (!gate) this.gates.set(name, (gate = newGate()));
    return gate;
  }
}

function newGate(): Gate {
  let reach = (): void => undefined;
  let open = (): void => undefined;
  const reached = new Promise<void>((resolve) => (reach = resolve));
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { reached, opened, reach: () => reach(), open: () => open() };
}
