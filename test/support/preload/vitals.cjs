/**
 * Lets another process look into this one: each connection to the socket VITALS_SOCKET is answered with one line of JSON, taken after a
 * garbage collection. The event loop's delay is what it was since the last look; the pause that the collection makes is not in it.
 */
const { readdirSync } = require('node:fs');
const { createServer } = require('node:net');
const { monitorEventLoopDelay } = require('node:perf_hooks');
const { setFlagsFromString } = require('node:v8');
const { runInNewContext } = require('node:vm');

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc');
const delay = monitorEventLoopDelay({ resolution: 5 });
delay.enable();

function vitals() {
  const lag = delay.percentile(99) / 1e6;
  collect();
  const { heapUsed, arrayBuffers, rss } = process.memoryUsage();
  const resources = process.getActiveResourcesInfo();
  const sockets = resources.filter((name) => name === 'TCPSocketWrap').length;
  const seen = { heapUsed, arrayBuffers, rss, handles: resources.length, sockets, lag };
  delay.reset();
  return { ...seen, descriptors: readdirSync('/proc/self/fd').length };
}

createServer((socket) => socket.end(JSON.stringify(vitals())))
  .listen(process.env.VITALS_SOCKET)
  .unref();
