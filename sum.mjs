import { readFileSync } from 'node:fs';
const p = JSON.parse(readFileSync(process.argv[2])); const self = new Map(); const byFile = new Map();
const dt = p.timeDeltas; const nodes = new Map(p.nodes.map(n => [n.id, n])); const parent = new Map(); for (const n of p.nodes) for (const c of n.children ?? []) parent.set(c, n.id);
let total = 0; const incl = new Map();
p.samples.forEach((id, i) => { const n = nodes.get(id); const t = dt[i]; total += t; const cf = n.callFrame; const k = `${cf.functionName || '(anon)'} ${cf.url.replace(/.*\/(node_modules|build)\//, '')}:${cf.lineNumber+1}`; self.set(k, (self.get(k) ?? 0) + t);
 const f = cf.url.replace(/.*node_modules\//,'nm/').replace(/.*\/build\//,'') || cf.functionName; byFile.set(f, (byFile.get(f) ?? 0) + t);
 const seen = new Set(); for (let c = id; c; c = parent.get(c)) { const g = nodes.get(c).callFrame; const kk = `${g.functionName || '(anon)'} ${g.url.replace(/.*\/(node_modules|build)\//, '')}:${g.lineNumber+1}`; if (!seen.has(kk)) { seen.add(kk); incl.set(kk, (incl.get(kk) ?? 0) + t); } } });
const show = (m, n) => [...m].sort((a, b) => b[1] - a[1]).slice(0, n).forEach(([k, v]) => console.log((100 * v / total).toFixed(1).padStart(5), k));
console.log('SELF'); show(self, 45); console.log('FILES'); show(byFile, 30); console.log('INCL'); show(incl, 90);
