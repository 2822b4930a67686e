/**
 * Planted bugs: errors that carry the request they are about, as those of HTTP clients do. A request for `/crash` makes the process throw
 * one outside of any handler; a write to a product makes its handler throw one.
 */
const { Server } = require('node:http');
const { ProductWritesService } = require('../../../dist/products/product-writes.service');

let latest;
const leaky = () => {
  const { headers, rawHeaders } = latest;
  const error = new Error(`planted, for ${headers.authorization}`, {
    cause: Object.assign(new Error('why'), { headers }),
  });
  return Object.assign(error, { request: latest, config: { headers }, rawHeaders });
};

const { emit } = Server.prototype;
Server.prototype.emit = function (event, request, ...rest) {
  if (event === 'request') latest = request;
  if (event !== 'request' || request.url !== '/crash') return emit.call(this, event, request, ...rest);
  setImmediate(() => {
    throw leaky();
  });
  return true;
};

if (!ProductWritesService.prototype.update) throw new Error('There is nothing to plant the bug in');
ProductWritesService.prototype.update = () => Promise.reject(leaky());
