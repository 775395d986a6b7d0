/** A worker that keeps 100 MB of small objects and replaces them all the time, as the analyst's algorithms would. */
import { parentPort } from 'node:worker_threads';

type Item = { readonly at: number; readonly values: readonly number[] };

const KEPT = 400_000;
const A_TURN = 10_000;
const BYTES_EACH = 250;

const items: Item[] = [];
let at = 0;

churn();

/** A turn after the other, with a breath between them in which it hears that it is to end. */
function churn(): void {
  for (let n = 0; n < A_TURN; n += 1) {
    items[at % KEPT] = { at, values: Array.from({ length: 20 }, (_, index) => index + at * 0.5) };
    at += 1;
  }
  parentPort?.postMessage((A_TURN * BYTES_EACH) / 1e6);
  setTimeout(churn, 5);
}
