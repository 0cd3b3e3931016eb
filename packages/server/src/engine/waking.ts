import type { Engine } from "./engine";

/** What an engine passes on to workflow code, which only a host can run. */
const ASKS_CODE: ReadonlySet<PropertyKey> = new Set<keyof Engine>(["state", "update", "signal", "cancel"]);

/**
 * The engine, with `wake` called before everything that needs workflow code, so that no caller can forget that the hosts of the workflow's tenant may sleep. A start is not among it:
 * a task that was recorded wants its hosts by itself. Whoever waits for an answer keeps the tenant awake: a host that takes longer to start than a tenant may be idle would be stopped before it is there.
 * @param everyMs milliseconds after which `wake` is called again while an answer is waited for
 */
export function wakingEngine(engine: Engine, wake: (workflowId: string) => void, everyMs: number): Engine {
  return new Proxy(engine, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== "function") return value;
      return (...args: unknown[]): unknown => {
        if (!ASKS_CODE.has(name)) return Reflect.apply(value, target, args);
        const workflowId = String(args[0]);
        wake(workflowId);
        const again = setInterval(() => wake(workflowId), everyMs);
        return Promise.resolve(Reflect.apply(value, target, args)).finally(() => clearInterval(again));
      };
    },
  });
}
