export { compensate } from "./compensate";
export { gram } from "./gram";
export { roundBlock4, roundBlock8 } from "./round-block";
export { searchRows } from "./search";
