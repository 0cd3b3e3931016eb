export { asRunbook, type Description, describe } from "./describe";
export { execute } from "./execute";
