import { once } from "node:events";
import { setTimeout as pause } from "node:timers/promises";
import { takeLock } from "../files/lock-file";
import { identityOf } from "../files/process-life";

/**
 * One of several processes that try for the same locks, each at a time that all know: `EVERY PATH ...`, EVERY in ms.
 * Prints `ready`, reads when to begin, prints the numbers of the locks that it got as JSON, and lives on, since a lock
 * ends with its process.
 */
const [every, ...paths] = process.argv.slice(2);
const holder = { ...identityOf(), started: new Date().toISOString(), command: "race" };
const won: number[] = [];
console.log("ready");
const [begin] = await once(process.stdin, "data");
for (const [i, path] of paths.entries()) {
  const at = Number(begin) + i * Number(every);
  await pause(Math.max(0, at - Date.now() - 5));
  while (Date.now() < at); // a timer alone would let one after the other come
  if ((await takeLock(path, holder)) === null) won.push(i);
}
console.log(JSON.stringify(won));
setInterval(() => {}, 60_000);
