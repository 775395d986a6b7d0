#!/usr/bin/env node
/** The program `bessd` (also `npx bessd` in a checkout): runs scripts/bessd.ts with the user's arguments. */
import { boot } from './bootstrap.mjs';

await boot('scripts/bessd.ts', process.argv.slice(2));
