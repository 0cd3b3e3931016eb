import type { Engine } from "./engine";

/** What an engine passes on to workflow code, which only a host can run. */
const ASKS_CODE: ReadonlySet<PropertyKey> = new Set<keyof Engine>(["state", "update", "signal", "cancel"]);

/**
 * The engine, with `wake` called before everything that needs workflow code, so that no caller can forget that the hosts of the workflow's tenant may sleep. A start is not among it:
 * a task that was recorded wants its hosts by itself.
 */
export function wakingEngine(engine: Engine, wake: (workflowId: string) => void): Engine {
  return new Proxy(engine, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== "function") return value;
      return (...args: unknown[]): unknown => {
        if (ASKS_CODE.has(name)) wake(String(args[0]));
        return Reflect.apply(value, target, args);
      };
    },
  });
}
