#!/usr/bin/env node
import { bootstrap } from "./bootstrap.mjs";

bootstrap("cli/lapidary.ts", process.argv.slice(2));
