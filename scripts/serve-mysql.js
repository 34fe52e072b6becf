/** `npm run mysql`: a private server to try things on, until Ctrl-C; its data goes with it. */
import { startMysql } from './mysql-server.js';

const server = await startMysql();
console.log(`${server.version} at ${server.url}\nCtrl-C ends it and removes its data.`);
const alive = setInterval(() => {}, 2 ** 30);
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => {
    clearInterval(alive);
    void server.stop();
  });
}
