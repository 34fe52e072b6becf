/**
 * One round of chaos: an empty database, worker processes, journeys and transfers under way, and two hands that do harm, one to
 * the processes, one to the database; then all is made good again, everything must come to its end, and all of it is checked.
 */
import { rmSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { inspect } from 'node:util';
import { mapError } from '../../../lib/storage/error-mapping.js';
import { isOfServer, TransientStoreError } from '../../../lib/storage/errors.js';
import { TcpProxy } from '../../contract/support/tcp-proxy.js';
import type { DatabaseKind, TestStorage } from '../../support/databases.js';
import { Driver } from '../driver.js';
import type { Fleet } from '../fleet.js';
import { Observer } from '../observer.js';
import { plansWhile } from '../plan.js';
import { Random } from '../random.js';
import { Stage } from '../stage.js';
import { transferPlansWhile } from '../transfer-plan.js';
import { GIFT_FAILED, TransferTraffic } from '../transfer-traffic.js';
import type { FleetOptions } from '../worker-process.js';
import { checkRound } from './check-round.js';
import { cluesOf } from './clues.js';
import { strikeAtRandom, type Fault, type Strikes, type Struck } from './fault.js';
import { fileFaults } from './file-faults.js';
import { isServer, serverGround, sqliteGround, type Ground, type ServerGround } from './ground.js';
import { processFaults } from './process-faults.js';
import type { RoundOutcome, RoundReport } from './round-report.js';
import { serverFaults } from './server-faults.js';

export interface RoundOptions {
  readonly kind: DatabaseKind;
  /** Repeats plans, faults and delays; not the machine's timing. */
  readonly seed: number;
  /** How long faults strike, s; at least until each of them has had its turn. */
  readonly seconds: number;
}

const WORKERS: Record<DatabaseKind, number> = { mysql: 4, sqlite: 2 };
/** How many of the workers reach the server through a proxy of their own, as the client does. */
const PROXIED = 2;
const LEASE = 1_500;
/** Under way at the same time. */
const JOURNEYS = 20;
const TRANSFERS = 20;
/** Longest pause before each external event, ms. */
const PAUSE = 300;
/** From how many seconds on a round may be silent for long. */
const LONG = 60;
/** Pause between two looks at what is committed, ms. */
const LOOK = 250;

/** What is left of a round that did not come to its check. */
export function brokenOff(error: unknown): RoundOutcome {
  return { problems: [`the round was broken off: ${inspect(error)}`], work: {}, consequences: {} };
}

export async function runRound(options: RoundOptions): Promise<RoundReport> {
  const round = await Round.open(options);
  try {
    return await round.run();
  } catch (error) {
    return round.report(brokenOff(error));
  } finally {
    await round.close();
  }
}

class Round {
  private readonly random: Random;
  private readonly strikes: Strikes = {};
  private readonly timeline: Struck[] = [];
  private readonly clues: string[] = [];
  private readonly began = performance.now();
  private hands = 0;

  private constructor(
    private readonly options: RoundOptions, private readonly ground: Ground, private readonly stage: Stage, private readonly fleet: Fleet,
    private readonly observer: Observer, private readonly proxies: readonly TcpProxy[], private readonly databaseFaults: readonly Fault[],
  ) {
    this.random = new Random(options.seed);
  }

  static async open(options: RoundOptions): Promise<Round> {
    const { ground, clientStorage, proxies, faults, ofPlace } = options.kind === 'mysql' ? await openServer(options) : await openFile();
    const stage = await Stage.open({ ...ground, storage: clientStorage }, { leaseDuration: LEASE });
    return new Round(options, ground, stage, stage.fleet({}, ofPlace), await Observer.open(ground.storage), proxies, faults);
  }

  async run(): Promise<RoundReport> {
    const { fleet, ground: { storage }, stage: { client, effects }, options: { kind } } = this;
    if (isServer(this.ground)) this.collectClues(this.ground);
    await fleet.start(WORKERS[kind]);
    const driver = new Driver({ client, fleet, random: this.random.fork(), maxPause: PAUSE });
    const traffic = new TransferTraffic(client, fleet);
    const isStriking = () => this.hands > 0;
    const striking = [processFaults({ fleet, leaseDuration: LEASE }), this.databaseFaults].map((faults) => this.strike(faults));
    const working = Promise.all([
      driver.keepInFlight(JOURNEYS, plansWhile(this.random.fork(), isStriking)),
      traffic.keepInFlight(TRANSFERS, transferPlansWhile(this.random.fork(), isStriking)),
      traffic.give(this.random.fork(), isStriking),
      ...striking,
    ]);
    await Promise.all([working, this.watch(working)]);
    const outcome = await checkRound({ storage, effects, journeys: driver.journeys, traffic, observer: this.observer, fleet });
    return this.report(outcome);
  }

  report(outcome: RoundOutcome): RoundReport {
    const duration = Math.round((performance.now() - this.began) / 1_000);
    const report = { ...this.options, ...outcome, strikes: this.strikes, timeline: this.timeline, duration };
    return outcome.problems.length > 0 ? { ...report, clues: this.clues, log: this.ground.log?.() } : report;
  }

  async close(): Promise<void> {
    await this.observer.close();
    await this.stage.close();
    for (const proxy of this.proxies) await proxy.stop();
    rmSync(this.stage.effects, { recursive: true, force: true });
  }

  private collectClues(ground: ServerGround): void {
    this.fleet.on('complaint', (error: string) => {
      if (!GIFT_FAILED.test(error)) void cluesOf(error, ground).then((clue) => this.clues.push(clue));
    });
  }

  private async strike(faults: readonly Fault[]): Promise<void> {
    this.hands += 1;
    const end = this.began + this.options.seconds * 1_000;
    for (const { name } of faults) this.strikes[name] = 0;
    const struck = (fault: Struck): void => {
      this.strikes[fault.name]! += fault.times;
      this.timeline.push(fault);
    };
    await strikeAtRandom(faults, this.random.fork(), struck, () => performance.now() < end).finally(() => (this.hands -= 1));
  }

  /** Looks at what is committed, while the database lets it. */
  private async watch(working: Promise<unknown>): Promise<void> {
    let isOver = false;
    const over = working.finally(() => (isOver = true)).catch(() => undefined);
    while (!isOver) {
      await this.observer.look(this.ground.durable).catch(ignoreOutage);
      await Promise.race([over, delay(LOOK)]);
    }
  }
}

interface Opened {
  readonly ground: Ground;
  readonly clientStorage: TestStorage;
  readonly proxies: readonly TcpProxy[];
  readonly faults: readonly Fault[];
  readonly ofPlace: (place: number) => Partial<FleetOptions>;
}

async function openServer({ seconds }: RoundOptions): Promise<Opened> {
  const ground = await serverGround();
  const { storage } = ground;
  const proxies = await Promise.all(Array.from({ length: PROXIED + 1 }, () => TcpProxy.start(storage.host, storage.port)));
  const [toClient, ...toWorkers] = proxies.map(({ port }) => ({ ...storage, port }));
  return {
    ground, clientStorage: toClient!, proxies,
    faults: serverFaults({ ground, proxies, isLong: seconds >= LONG }),
    ofPlace: (place) => ({ storage: toWorkers[place] ?? storage }),
  };
}

async function openFile(): Promise<Opened> {
  const ground = await sqliteGround();
  return { ground, clientStorage: ground.storage, proxies: [], faults: fileFaults(ground), ofPlace: () => ({}) };
}

/** What stays wrong is found in the end. */
function ignoreOutage(error: unknown): void {
  if (!(mapError(error) instanceof TransientStoreError) && !isOfServer(error)) throw error;
}
