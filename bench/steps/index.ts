import type { Step } from '../step';
import { edge } from './edge';
import { edgeWrites } from './edge-writes';
import { freshness } from './freshness';
import { nodes } from './nodes';
import { peers } from './peers';
import { products } from './products';
import { readCost } from './read-cost';
import { seed } from './seed';
import { stampede } from './stampede';
import { store } from './store';
import { telemetry } from './telemetry';
import { throughput } from './throughput';
import { writeCost } from './write-cost';
import { writes } from './writes';

/** In the order in which a reader asks. */
export const steps: readonly Step[] = [
  seed,
  throughput,
  peers,
  stampede,
  freshness,
  readCost,
  writeCost,
  writes,
  products,
  store,
  edge,
  edgeWrites,
  telemetry,
  nodes,
];
