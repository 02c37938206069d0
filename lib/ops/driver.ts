import { provideDriverOps } from '../graph/gradient.js';
import { constant } from './fill.js';
import * as n from './nodes.js';

// The ops that reverse mode itself is made of.
provideDriverOps({
  add: n.add,
  sumTo: n.sumTo,
  onesLike: (x) => constant(1, x.type, x.extent),
});
