import type { AppConfig } from './support/app-config.js';

/** The text at start: commands that can be copied as they stand. Ids are new at each start, since ids are used once. */
export function whatToTry({ port, storage, stepDelay, warehouseUrl, warehouseKey }: AppConfig): string {
  const url = `http://localhost:${port}`;
  const run = Date.now().toString(36).slice(-5);
  const small = `tea-${run}`;
  const large = `samovar-${run}`;
  const far = `far-${run}`;
  const database = storage.type === 'better-sqlite3' ? `SQLite, ${String(storage.database)}` : `${storage.type}, ${String(storage.database)}`;
  return `
The order service listens on ${url} (${database}; each step takes ${stepDelay} ms).

An order: priced, its lines reserved, charged (the first attempt fails), shipped:
  ${post(`${url}/orders`, { id: small, customer: 'Ada', lines: [{ sku: 'teapot', quantity: 1 }, { sku: 'cup', quantity: 4 }] })}
  curl -s ${url}/orders/${small}

Kill the process in the middle (kill -9 ${process.pid}), start it again, and ask once more: the order goes on, and the log
shows which activities ran again. The stock was reserved once:
  curl -s ${url}/stock

A large order waits for approval, here for 5 minutes:
  ${post(`${url}/orders`, { id: large, customer: 'Bob', lines: [{ sku: 'samovar', quantity: 1 }], approvalTimeoutSeconds: 300 })}
  ${post(`${url}/orders/${large}/approve`, { by: 'Carol' })}
  curl -s '${url}/orders/${large}?history=true'

Paid by a transfer between two accounts, which are locked meanwhile; and an order that the courier does not carry, so that
money and stock are given back:
  ${post(`${url}/accounts/ada/deposits`, { amount: 500 })}
  ${post(`${url}/orders`, { customer: 'Ada', account: 'ada', lines: [{ sku: 'teapot', quantity: 2 }] })}
  ${post(`${url}/orders`, { customer: 'Ada', account: 'ada', lines: [{ sku: 'cup', quantity: 30 }] })}
  curl -s ${url}/accounts

A card that is declined: the reserved stock is released again:
  ${post(`${url}/orders`, { customer: 'Mallory', card: '40000002', lines: [{ sku: 'cup', quantity: 2 }] })}
  curl -s '${url}/orders?status=Completed'

An order that the warehouse dispatches, which is another application with a management API of its own, and its return. Kill
either one meanwhile ('npm start -- shop' and 'npm start -- warehouse' run them as two processes), and start it again:
  ${post(`${url}/orders`, { id: far, customer: 'Dan', delivery: 'warehouse', lines: [{ sku: 'cup', quantity: 6 }] })}
  curl -s -H 'x-functions-key: ${warehouseKey}' ${warehouseUrl}/runtime/webhooks/durabletask/instances/dispatch-${far}
  curl -s ${url}/orders/${far}
  ${post(`${url}/orders/${far}/return`, { condition: 'unused' })}
  curl -s ${url}/orders/${far}/return
  curl -s ${warehouseUrl}/inspections

An eternal monitor of the stock, its latest round, its end:
  ${post(`${url}/monitor`, { threshold: 10, intervalSeconds: 5 })}
  curl -s ${url}/monitor
  curl -s -X DELETE ${url}/monitor

`;
}

function post(url: string, body: unknown): string {
  return `curl -s ${url} -H 'content-type: application/json' -d '${JSON.stringify(body)}'`;
}
