import { openDatabase } from './build/bench/databases.js';
import { startApplication } from './build/bench/application.js';
import { measureThroughput, measureLatency } from './build/bench/measures.js';
const kind = process.argv[2] ?? 'sqlite'; const what = process.argv[3] ?? 'generated'; const rounds = Number(process.argv[4] ?? 5);
const db = await openDatabase(kind);
const app = await startApplication(await db.createStorage());
await measureThroughput(app, 1000, 'generated'); await measureThroughput(app, 1000, 'supplied');
for (let i = 0; i < rounds; i++) {
  const c0 = process.cpuUsage(); const t0 = performance.now();
  if (what === 'latency') { const r = await measureLatency(app, 300); console.log(r.p50.toFixed(2), r.p99.toFixed(2), 'cpu ms/run', ((process.cpuUsage(c0).user + process.cpuUsage(c0).system) / 300e3).toFixed(3)); }
  else { const r = await measureThroughput(app, 2000, what); const c = process.cpuUsage(c0); console.log(r.orchestrationsPerSecond.toFixed(0), '/s; cpu µs per orch', ((c.user + c.system) / 2000).toFixed(0), 'wall', (performance.now() - t0).toFixed(0)); }
}
await app.close(); await db.close();
