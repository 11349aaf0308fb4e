export { compensate } from "./compensate";
export { gram } from "./gram";
export { roundBlock } from "./round-block";
export { searchRows } from "./search";
