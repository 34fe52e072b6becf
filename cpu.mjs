import { readFileSync, readdirSync } from 'node:fs';
import { openDatabase } from './build/bench/databases.js';
import { startApplication } from './build/bench/application.js';
import { measureThroughput, measureLatency } from './build/bench/measures.js';
const db = await openDatabase('mysql');
// the server is a grandchild of this process
const statOf = (p) => { const t = readFileSync(`/proc/${p}/stat`, 'utf8'); const a = t.slice(t.lastIndexOf(')') + 2).split(' '); return { ppid: +a[1], cpu: (+a[11] + +a[12]) * 10 }; };
const pids = readdirSync('/proc').filter((n) => /^\d+$/.test(n)); 
const isMine = (p) => { try { for (let q = +p; q > 1; q = statOf(q).ppid) if (q === process.pid) return true; } catch {} return false; };
const server = pids.find((p) => { try { return /mariadbd|mysqld/.test(readFileSync(`/proc/${p}/comm`, 'utf8')) && isMine(p); } catch { return false; } });
const app = await startApplication(await db.createStorage());
await measureThroughput(app, 1000, 'generated'); await measureThroughput(app, 1000, 'supplied');
const run = async (name, n, f) => { const c0 = process.cpuUsage(); const s0 = statOf(server).cpu; await f(); const c = process.cpuUsage(c0); console.log(name.padEnd(10), 'node µs', ((c.user + c.system) / n).toFixed(0), 'server µs', ((statOf(server).cpu - s0) * 1000 / n).toFixed(0)); };
for (let i = 0; i < 4; i++) { await run('generated', 2000, () => measureThroughput(app, 2000, 'generated')); await run('supplied', 2000, () => measureThroughput(app, 2000, 'supplied')); await run('latency', 200, () => measureLatency(app, 200)); }
await app.close(); await db.close();
